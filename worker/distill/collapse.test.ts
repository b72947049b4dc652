import { expect, test } from 'vitest';
import { collapseReason, type CollapseEvidence } from './collapse.ts';

const accuracy = (value: number) => ({
  value,
  samples: 100,
  standardError: Math.sqrt((value * (1 - value)) / 100),
  measure: 'Top1' as const,
});
const healthy: CollapseEvidence = {
  stopReason: 'Finished',
  unexplainedVariance: 0.1,
  score: accuracy(0.9),
  teacher: accuracy(0.95),
  constantAnswer: 0.1,
};

test('a block that learnt is not collapsed', () => {
  expect(collapseReason(healthy)).toBeUndefined();
});

test.each([
  ['a loss that is not finite', { stopReason: 'NotFinite' }],
  ['an unknown validation error', { unexplainedVariance: null }],
  ['an unexplained variance of one', { unexplainedVariance: 1 }],
  // Standard error at 0.15 of 100 samples is 0.0357, so 0.1 + 2 * 0.0357 = 0.171 is within chance.
  ['a score within two standard errors of a constant answer', { score: accuracy(0.15) }],
] satisfies [string, Partial<CollapseEvidence>][])('%s is a collapse', (_, evidence) => {
  expect(collapseReason({ ...healthy, ...evidence })).toMatch(/\.$/);
});

test('a score above chance by more than two standard errors is none', () => {
  expect(collapseReason({ ...healthy, score: accuracy(0.2) })).toBeUndefined();
});

test('a teacher at chance level proves nothing about its blocks', () => {
  expect(collapseReason({ ...healthy, teacher: accuracy(0.12), score: accuracy(0.1) })).toBeUndefined();
});

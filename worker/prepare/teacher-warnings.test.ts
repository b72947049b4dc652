import { expect, test } from 'vitest';
import { teacherWarnings } from './teacher-warnings.ts';

const accuracy = (value: number, samples: number) => ({
  value,
  samples,
  standardError: Math.sqrt((value * (1 - value)) / samples),
  measure: 'Top1' as const,
});

test('a teacher that is much better on validation than on test has seen the validation data', () => {
  expect(teacherWarnings({ validation: accuracy(0.99, 5000), test: accuracy(0.9, 5000) }, 0.1)).toEqual([
    expect.stringContaining('9.0 points'),
  ]);
});

test.each([
  ['a gap within two points', accuracy(0.9, 1_000_000), accuracy(0.885, 1_000_000)],
  // Standard errors 0.03 and 0.0312 combine to 0.0433: a gap of 4 points is within noise.
  ['a gap within two standard errors', accuracy(0.9, 100), accuracy(0.86, 124)],
  ['unknown test accuracy', accuracy(0.99, 100), null],
])('%s is no reason to warn', (_, validation, onTest) => {
  expect(teacherWarnings({ validation, test: onTest }, 0.1)).toEqual([]);
});

test('a teacher at chance level is mostly a mistake in the preprocessing', () => {
  // Standard error at 0.15 of 100 is 0.0357: 0.15 is within 0.1 + 0.0714.
  expect(teacherWarnings({ validation: accuracy(0.15, 100), test: null }, 0.1)).toEqual([
    expect.stringContaining('preprocessing'),
  ]);
  expect(teacherWarnings({ validation: accuracy(0.2, 100), test: null }, 0.1)).toEqual([]);
  expect(teacherWarnings({ validation: null, test: null }, null)).toEqual([]);
});

import { expect, test } from 'vitest';
import { overfitWarning } from './overfit-warning.ts';

const accuracy = (value: number, samples: number) => ({
  value,
  samples,
  standardError: Math.sqrt((value * (1 - value)) / samples),
  measure: 'Top1' as const,
});

test('a teacher that is much better on validation than on test has seen the validation data', () => {
  expect(overfitWarning({ validation: accuracy(0.99, 5000), test: accuracy(0.9, 5000) })).toContain(
    '9.0 points',
  );
});

test.each([
  ['a gap within two points', accuracy(0.9, 1_000_000), accuracy(0.885, 1_000_000)],
  // Standard errors 0.03 and 0.0312 combine to 0.0433: a gap of 4 points is within noise.
  ['a gap within two standard errors', accuracy(0.9, 100), accuracy(0.86, 124)],
  ['unknown test accuracy', accuracy(0.99, 100), null],
])('%s is no reason to warn', (_, validation, onTest) => {
  expect(overfitWarning({ validation, test: onTest })).toBeUndefined();
});

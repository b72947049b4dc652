import { expect, test } from 'vitest';
import { constantAnswer, imitation, shareOf } from './accuracy.ts';

test('a share comes with its binomial standard error', () => {
  // sqrt(0.8 * 0.2 / 400) = 0.02
  expect(shareOf(320, 400, 'Top1')).toEqual({
    value: 0.8,
    samples: 400,
    standardError: expect.closeTo(0.02, 12),
    measure: 'Top1',
  });
});

test('a constant answer scores the share of the commonest label', () => {
  expect(constantAnswer(Int32Array.of(3, 1, 3, 3))).toBe(0.75);
});

test('an exact imitation is 1, the mean as answer is 0', () => {
  // One sample with the two outputs 1 and 3: mean 2, variance 1.
  const target = { sum: 4, squares: 10, elements: 2 };
  expect(imitation([{ ...target, squaredErrors: 0 }]).value).toBe(1);
  expect(imitation([{ ...target, squaredErrors: 2 }]).value).toBeCloseTo(0, 9);
});

test('an imitation worse than the mean is floored at 0', () => {
  expect(imitation([{ sum: 4, squares: 10, elements: 2, squaredErrors: 20 }]).value).toBe(0);
});

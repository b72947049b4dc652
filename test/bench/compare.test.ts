import { expect, test } from 'vitest';
import { compare, geometricMean } from './compare.ts';

const shapes = [
  { shape: 'wide', rounds: { ours: [10, 20, 10], other: [40, 40, 80] } },
  { shape: 'deep', rounds: { ours: [5, 5, 5], other: [5, 10, 5] } },
];

test('a ratio is the median of the rounds, each within itself', () => {
  // wide: 4, 2, 8; deep: 1, 2, 1
  const [other] = compare(shapes, 'ours', {});
  expect(other?.ratios).toEqual({ wide: 4, deep: 1 });
});

test('the mean over shapes is geometric', () => {
  expect(geometricMean([4, 1])).toBeCloseTo(2, 12);
  expect(compare(shapes, 'ours', {})[0]?.geometricMean).toBeCloseTo(2, 12);
});

test('a bound that is met says nothing', () => {
  const [other] = compare(shapes, 'ours', { other: { geometricMean: 1.99, each: 1 } });
  expect(other?.missed).toEqual([]);
});

test('a missed bound is named, over all and on a single shape', () => {
  const [other] = compare(shapes, 'ours', { other: { geometricMean: 2.5, each: 1.1 } });
  expect(other?.missed).toEqual(['1.00 on deep, below 1.1', '2.00 over all, below 2.5']);
});

test('a variant that was not measured on a shape misses its bounds', () => {
  const partial = [...shapes, { shape: 'tall', rounds: { ours: [1], other: [] } }];
  const [other] = compare(partial, 'ours', { other: { geometricMean: 1, each: 1 } });
  expect(other?.missed).toEqual(['NaN on tall, below 1', 'NaN over all, below 1']);
});

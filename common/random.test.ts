import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomStream } from './random.ts';

test('a stream is a function of its key, and other keys give other streams', () => {
  const draw = (...key: (string | number)[]) => Array.from({ length: 4 }, randomStream(...key).uniform);
  expect(draw(1, 'order', 0)).toEqual(draw(1, 'order', 0));
  expect(draw(1, 'order', 1)).not.toEqual(draw(1, 'order', 0));
  expect(draw(1, 'order')).not.toEqual(draw('1', 'order'));
});

test('a permutation holds each number once', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 500 }), (seed, count) => {
      expect([...randomStream(seed).permutation(count)].sort((a, b) => a - b)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
    }),
  );
});

test('normal numbers have mean 0 and variance 1', () => {
  const stream = randomStream('normal');
  const values = Array.from({ length: 20_000 }, () => stream.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Standard errors are 0.007 and 0.01.
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});

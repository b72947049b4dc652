import { expect, test } from 'vitest';
import { reductionBetween } from './layer-chain.ts';

test.each([
  { from: 32, to: 16, stride: 2, padding: 'same' },
  // 'same' would lead there too, with stride 3, beside the pixels that the teacher reads.
  { from: 7, to: 3, stride: 2, padding: 'valid' },
  { from: 5, to: 2, stride: 2, padding: 'valid' },
  { from: 35, to: 17, stride: 2, padding: 'valid' },
  { from: 8, to: 8, stride: 1, padding: 'same' },
  { from: 8, to: 6, stride: 1, padding: 'valid' },
])('from $from to $to pixels leads stride $stride with padding $padding', ({ from, to, stride, padding }) => {
  expect(reductionBetween([from, from, 4], [to, to, 8])).toEqual({ stride, padding });
});

import { expect, test } from 'vitest';
import { timeTicks } from './time-ticks.ts';

test.each([
  { length: 90, most: 4, ticks: [0, 30, 60, 90] },
  { length: 2256, most: 9, ticks: [0, 300, 600, 900, 1200, 1500, 1800, 2100] },
  { length: 0.5, most: 4, ticks: [0] },
  { length: 10 * 86_400, most: 4, ticks: [0, 3 * 86_400, 6 * 86_400, 9 * 86_400] },
])('$length seconds have at most $most steps of a length that a clock has', ({ length, most, ticks }) => {
  expect(timeTicks(length, most)).toEqual(ticks);
});

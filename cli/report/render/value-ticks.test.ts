import { expect, test } from 'vitest';
import { logTicks } from './value-ticks.ts';

test.each([
  { range: [0.05, 0.96], most: 4, ticks: [0.05, 0.1, 0.2, 0.5] },
  { range: [30, 3000], most: 5, ticks: [30, 100, 300, 1000, 3000] },
  { range: [1, 1000], most: 4, ticks: [1, 10, 100, 1000] },
  { range: [1, 1e8], most: 4, ticks: [1, 1e3, 1e6] },
] as const)('from $range at most $most ticks', ({ range, most, ticks }) => {
  expect(logTicks(range, most)).toEqual(ticks);
});

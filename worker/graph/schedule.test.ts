import { expect, test } from 'vitest';
import { learningRateTable } from './schedule.ts';

function rates(...[schedule, steps]: Parameters<typeof learningRateTable>): number[] {
  return Array.from(learningRateTable(schedule, steps), (rate) => Number(rate.toPrecision(6)));
}

test('a constant rate stays', () => {
  expect(rates({ schedule: 'Constant', initial: 0.5 }, 3)).toEqual([0.5, 0.5, 0.5]);
});

test('an exponential rate falls every decaySteps, or smoothly', () => {
  const schedule = { schedule: 'Exponential', initial: 8, decaySteps: 2, decayRate: 0.25 } as const;
  expect(rates(schedule, 6)).toEqual([8, 8, 2, 2, 0.5, 0.5]);
  expect(rates({ ...schedule, staircase: false }, 5)).toEqual([8, 4, 2, 1, 0.5]);
});

test('a cosine starts at the initial rate and ends at the final fraction', () => {
  // cos 0, 60, 120 and 180 degrees are 1, 1/2, -1/2 and -1.
  expect(rates({ schedule: 'Cosine', initial: 4 }, 4)).toEqual([4, 3, 1, 0]);
  expect(rates({ schedule: 'Cosine', initial: 4, finalFraction: 0.5 }, 4)).toEqual([4, 3.5, 2.5, 2]);
});

test('warm-up rises in equal steps to the initial rate and takes a tenth of all steps at most', () => {
  const warm = rates({ schedule: 'Constant', initial: 6, warmupSteps: 2 }, 20);
  expect(warm.slice(0, 4)).toEqual([2, 4, 6, 6]);
  const short = rates({ schedule: 'Constant', initial: 6, warmupSteps: 100 }, 20);
  expect(short.slice(0, 4)).toEqual([2, 4, 6, 6]);
});

test('the cosine begins after warm-up', () => {
  const table = rates({ schedule: 'Cosine', initial: 4, warmupSteps: 1 }, 12);
  expect([table[0], table[1], table[6], table[11]]).toEqual([2, 4, 2, 0]);
});

test('a training of one step has the initial rate', () => {
  expect(rates({ schedule: 'Cosine', initial: 4, warmupSteps: 5 }, 1)).toEqual([4]);
});

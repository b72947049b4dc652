import { describe, expect, it } from 'vitest';
import { ceilingOf, speedupOf, usefulSeconds, type MeasuredUnit } from './speedup.ts';

/** One attempt from `start` to `end` that committed. */
function unit(
  start: number,
  end: number,
  prefixSeconds = 0,
  recomputedPrefixSeconds = prefixSeconds,
): MeasuredUnit {
  const attempts = [{ start, end, committed: true }];
  return { attempts, resultSeconds: end - start, prefixSeconds, recomputedPrefixSeconds };
}

const none = { suspensions: [], sequentialSeconds: undefined };

describe('speedupOf', () => {
  it('estimates against the useful seconds less the prefixes that one device would not repeat', () => {
    // Two workers: 100 s on one, 60 s and then 40 s on the other. Each unit spends 10 s on the teacher, 50 s if it
    // recomputed it every step.
    const units = [unit(0, 100, 10, 50), unit(0, 60, 10, 50), unit(60, 100, 10, 50)];
    expect(speedupOf({ ...none, units, sequentialSeconds: 20 })).toEqual({
      value: 1.8, // 180 / 100
      basis: 'Estimated',
      serialSeconds: 180, // 200 - (30 - 10)
      parallelSeconds: 100,
      workers: 2,
      balance: 1, // 200 / (2 x 100)
      ceiling: 2, // 200 / 100
      savedWork: 1.6, // (200 - 30 + 150) / 200
      endToEnd: 200 / 120, // (20 + 180) / (20 + 100)
      reason: 'Work inflation is unknown: an estimate cannot see contention.',
    });
  });

  it('pays the start-up once in the estimate, as one process would, and never estimates more than was useful', () => {
    // Two units of 50 s and 40 s at once, of which 30 s and 25 s are work: start-ups of 20 s and 15 s.
    const units = [
      { ...unit(0, 50), resultSeconds: 30 },
      { ...unit(0, 40), resultSeconds: 25 },
    ];
    expect(speedupOf({ ...none, units })).toMatchObject({
      serialSeconds: 70, // 30 + 25 + 15
      value: 1.4, // 70 / 50
      ceiling: 1.8, // (50 + 40) / 50
    });
    // Busy for 90 s, of which 80 s are useful: the other ten are lost work, no start-up.
    const attempts = [
      { start: 0, end: 40, committed: false },
      { start: 40, end: 90, committed: true },
    ];
    expect(speedupOf({ ...none, units: [{ ...unit(0, 0), attempts, resultSeconds: 80 }] })).toMatchObject({
      serialSeconds: 80,
    });
  });

  it('is N x balance / workInflation with a measured baseline', () => {
    const units = [unit(0, 100), unit(0, 60), unit(60, 80)];
    const speedup = speedupOf({ ...none, units, serialBaselineSeconds: 150 });
    expect(speedup).toMatchObject({
      basis: 'Measured',
      value: 1.5,
      workers: 2,
      balance: 0.9,
      workInflation: 1.2,
    });
    expect((2 * 0.9) / 1.2).toBeCloseTo(1.5, 12);
  });

  it('counts waiting in a queue as parallel time, and suspended time not', () => {
    const waiting = speedupOf({ ...none, units: [unit(0, 10), unit(30, 40)] });
    expect(waiting).toMatchObject({ parallelSeconds: 40, workers: 1, balance: 0.5, value: 0.5 });
    const suspended = speedupOf({
      ...none,
      units: [unit(0, 10), unit(30, 40)],
      suspensions: [{ start: 10, end: 30 }],
    });
    expect(suspended).toMatchObject({ parallelSeconds: 20, workers: 1, balance: 1, value: 1 });
  });

  it('does not take time off in which a unit ran although nobody watched', () => {
    const speedup = speedupOf({ ...none, units: [unit(0, 100)], suspensions: [{ start: 90, end: 200 }] });
    expect(speedup.parallelSeconds).toBe(100);
  });

  it('says why it is unknown when nothing ran or nothing was committed', () => {
    expect(speedupOf({ ...none, units: [] })).toEqual({ reason: 'No unit has run.' });
    const failed = {
      ...unit(0, 10),
      attempts: [{ start: 0, end: 10, committed: false }],
      resultSeconds: undefined,
    };
    const speedup = speedupOf({ ...none, units: [failed] });
    expect(speedup.value).toBeUndefined();
    expect(speedup).toMatchObject({
      balance: 1,
      reason: 'No unit has a result to estimate a serial run from.',
    });
  });
});

describe('usefulSeconds', () => {
  // A first attempt of 40 s was killed; the second ran for 50 s and committed.
  const killed = (resultSeconds: number | undefined) => ({
    ...unit(0, 0),
    resultSeconds,
    attempts: [
      { start: 0, end: 40, committed: false },
      { start: 50, end: 100, committed: true },
    ],
  });

  it.each([
    { of: 'nothing saved by the killed attempt', resultSeconds: 48, useful: 50 },
    { of: '30 s saved by its checkpoint', resultSeconds: 80, useful: 80 },
    { of: 'never more than the devices were busy', resultSeconds: 500, useful: 90 },
    { of: 'nothing without a result', resultSeconds: undefined, useful: 0 },
  ])('is $useful s: $of', ({ resultSeconds, useful }) => {
    expect(usefulSeconds(killed(resultSeconds))).toBe(useful);
  });
});

describe('ceilingOf', () => {
  it('is the sum over the longest, and absent without times', () => {
    expect(ceilingOf([30, 20, 10])).toEqual({ ceiling: 2 });
    expect(ceilingOf([])).toEqual({});
  });
});

import { describe, expect, it } from 'vitest';
import { secondsLeft, type Part, type Work } from './time-left.ts';

const part = (predicted: number, change: Partial<Part> = {}): Part => ({
  predicted,
  fraction: 0,
  seen: undefined,
  waiting: false,
  ...change,
});
const nothing = part(0);
const work = (parts: readonly Part[], last = nothing, startUp = 0): Work => ({ parts, last, startUp });

describe('the time that is left', () => {
  it.each([
    { of: 'the longest part', parts: [part(30), part(10)], last: nothing, places: 2, expected: 30 },
    { of: 'all parts in turn', parts: [part(30), part(10)], last: nothing, places: 1, expected: 40 },
    { of: 'the last part too', parts: [part(30), part(10)], last: part(5), places: 2, expected: 35 },
    {
      // 90 s are seen for 45 that were predicted.
      of: 'what has not begun at the pace of what is done',
      parts: [part(45, { fraction: 1, seen: 90 }), part(20)],
      last: part(5),
      places: 2,
      expected: 50,
    },
    {
      // Done: 30 at twice the time, half of 20 at the predicted one. Pace (60 + 10) / (30 + 10) = 1.75.
      of: 'what has not begun at the pace of what is done and of what runs',
      parts: [part(30, { fraction: 1, seen: 60 }), part(20, { fraction: 0.5, seen: 20 })],
      last: part(8),
      places: 2,
      expected: 10 + 14,
    },
    {
      of: 'a part without a prediction by what is seen of it',
      parts: [part(0, { fraction: 0.25, seen: 8 })],
      last: nothing,
      places: 1,
      expected: 6,
    },
  ])('is that of $of', ({ parts, last, places, expected }) => {
    expect(secondsLeft(work(parts, last), places)).toBeCloseTo(expected, 9);
  });

  it('has the start-up of everything that has yet to start', () => {
    const parts = [part(30, { waiting: true }), part(10)];
    expect(secondsLeft(work(parts, part(5, { waiting: true }), 2), 2)).toBe(32 + 7);
  });

  // Predicted are 30 s for the part and 70 for the last; its worker sees that it takes 60. A twentieth of the job is 5 s:
  // up to there the pace is (5 - done + 2 * done) / 5.
  it.each([
    { fraction: 0, seen: undefined, expected: 30 + 70 },
    // Nothing is done yet, and nothing changes.
    { fraction: 0, seen: 60, expected: 30 + 70 },
    // 0.3 s done: pace 5.3 / 5 = 1.06. A tenth of 60 and nine of 31.8 are 34.62.
    { fraction: 0.01, seen: 60, expected: 34.62 * 0.99 + 74.2 },
    // 1.5 s done: pace 1.3. Half of 60 and half of 39 are 49.5.
    { fraction: 0.05, seen: 60, expected: 49.5 * 0.95 + 91 },
    // 3 s done: pace 1.6. The worker's own estimate.
    { fraction: 0.1, seen: 60, expected: 54 + 112 },
    // 6 s done: pace 2.
    { fraction: 0.2, seen: 60, expected: 48 + 140 },
    { fraction: 1, seen: 60, expected: 140 },
  ])(
    'moves from the prediction to what is seen: $expected after $fraction',
    ({ fraction, seen, expected }) => {
      expect(secondsLeft(work([part(30, { fraction, seen })], part(70)), 1)).toBeCloseTo(expected, 9);
    },
  );

  // The parts took twice as long as predicted; the last, predicted with 40 s, takes only 60.
  it.each([
    { fraction: 0, seen: undefined, expected: 80 },
    { fraction: 0, seen: 60, expected: 80 },
    // 2 of 40 s done: pace (100 + 3) / (50 + 2). Half of it, half of 60.
    { fraction: 0.05, seen: 60, expected: ((40 * (103 / 52) + 60) / 2) * 0.95 },
    { fraction: 0.1, seen: 60, expected: 54 },
    { fraction: 0.9, seen: 60, expected: 6 },
  ])('does not jump when the last part begins: $expected after $fraction', ({ fraction, seen, expected }) => {
    const parts = [part(50, { fraction: 1, seen: 100 })];
    expect(secondsLeft(work(parts, part(40, { fraction, seen })), 1)).toBeCloseTo(expected, 9);
  });
});

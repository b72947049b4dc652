import { expect, it } from 'vitest';
import { coveredSeconds, mostAtOnce, secondsOnlyIn, subtract, union } from './intervals.ts';

it('merges intervals that touch or overlap', () => {
  const intervals = [
    { start: 5, end: 6 },
    { start: 0, end: 2 },
    { start: 2, end: 3 },
    { start: 1, end: 1.5 },
  ];
  expect(union(intervals)).toEqual([
    { start: 0, end: 3 },
    { start: 5, end: 6 },
  ]);
  expect(coveredSeconds(intervals)).toBe(4);
});

it('does not count an end and a start at the same moment as two at once', () => {
  expect(
    mostAtOnce([
      { start: 0, end: 1 },
      { start: 1, end: 2 },
    ]),
  ).toBe(1);
  expect(
    mostAtOnce([
      { start: 0, end: 1.1 },
      { start: 1, end: 2 },
      { start: 1, end: 3 },
    ]),
  ).toBe(3);
});

it('measures what lies within, in one set and not in the other', () => {
  const seconds = secondsOnlyIn(
    { start: 0, end: 10 },
    [
      { start: 8, end: 20 },
      { start: 2, end: 4 },
    ],
    [{ start: 3, end: 9 }],
  );
  expect(seconds).toBe(2); // 2..3 and 9..10
});

it('cuts one set of intervals out of another', () => {
  const intervals = [
    { start: 0, end: 10 },
    { start: 20, end: 30 },
  ];
  expect(
    subtract(intervals, [
      { start: -1, end: 1 },
      { start: 4, end: 5 },
      { start: 5, end: 6 },
      { start: 9, end: 21 },
      { start: 30, end: 40 },
    ]),
  ).toEqual([
    { start: 1, end: 4 },
    { start: 6, end: 9 },
    { start: 21, end: 30 },
  ]);
  expect(subtract(intervals, [{ start: 0, end: 30 }])).toEqual([]);
  expect(subtract(intervals, [])).toEqual(intervals);
});

import { expect, test } from 'vitest';
import { assignLanes } from './assign-lanes.ts';

const bar = (device: string, start: number, end: number) => ({ device, start, end });

test('bars that overlap on one device get rows of their own, and neighbours share one', () => {
  const { lanes, placed } = assignLanes([
    bar('CPU', 0, 10),
    bar('CPU', 2, 5),
    bar('CPU', 5, 9),
    bar('CPU', 10, 12),
  ]);
  expect(lanes.map(({ label }) => label)).toEqual(['CPU, worker 1', 'CPU, worker 2']);
  expect(placed).toEqual([
    { ...bar('CPU', 0, 10), lane: 0 },
    { ...bar('CPU', 10, 12), lane: 0 },
    { ...bar('CPU', 2, 5), lane: 1 },
    { ...bar('CPU', 5, 9), lane: 1 },
  ]);
});

test('devices stand in the order of their numbers', () => {
  const { lanes } = assignLanes([bar('GPU 10', 0, 1), bar('GPU 2', 0, 1), bar('GPU 0', 3, 4)]);
  expect(lanes.map(({ label }) => label)).toEqual(['GPU 0', 'GPU 2', 'GPU 10']);
});

import { expect, it } from 'vitest';
import { at } from './builders.ts';
import { queueSeconds } from './queue-seconds.ts';

const second = (time: Date): number => time.getTime() / 1000;

function runs(...times: readonly (readonly [number | undefined, number])[]) {
  return [
    {
      runs: times.map(([created, start], index) => ({
        unit: 'unit-000',
        attempt: index + 1,
        name: `pod-${index}`,
        ...(created === undefined ? {} : { created: at(created) }),
        start: at(start),
      })),
    },
  ];
}

it('counts from the first start on, what waits side by side once', () => {
  // From 10 to 30, and from 50 to 55.
  expect(queueSeconds(runs([0, 10], [0, 25], [5, 30], [50, 55]), [])).toEqual({ queueSeconds: 25 });
});

it('leaves out suspended time', () => {
  const suspensions = [{ start: second(at(15)), end: second(at(20)) }];
  expect(queueSeconds(runs([0, 10], [0, 25]), suspensions)).toEqual({ queueSeconds: 10 });
});

it('is unknown where it is not known since when a run could have begun', () => {
  expect(queueSeconds(runs([0, 10], [undefined, 25]), [])).toEqual({});
  expect(queueSeconds([], [])).toEqual({});
});

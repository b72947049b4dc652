import { describe, expect, it } from 'vitest';
import { at } from './builders.ts';
import type { Run } from './observed.ts';
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

describe('within one attempt', () => {
  const run = (name: string, times: readonly (number | undefined)[]): Run => {
    const [created, start, end] = times.map((time) => (time === undefined ? undefined : at(time)));
    return { unit: 'unit-000', attempt: 1, name, created, start, end };
  };

  it('counts from the end of a pod that was taken away, though the next one is made much later', () => {
    const units = [{ runs: [run('second', [400, 405, 500]), run('first', [0, 10, 100])] }];
    // From 100 on, when a queue has preempted it.
    expect(queueSeconds(units, [])).toEqual({ queueSeconds: 305 });
  });

  it('counts on over a pod that never began', () => {
    const never = run('never', [20, undefined, 80]);
    const other = { runs: [run('other', [0, 0, 600])] };
    const units = [other, { runs: [never, run('second', [200, 210, 300])] }];
    expect(queueSeconds(units, [])).toEqual({ queueSeconds: 190 });
  });

  it('is unknown where a pod may have run that nobody saw', () => {
    const unseen: Run = { unit: 'unit-000', attempt: 1, name: 'job', created: at(0), isUnseen: true };
    expect(queueSeconds([{ runs: [unseen, run('second', [400, 405, 500])] }], [])).toEqual({});
  });

  it('takes the time at which a pod was made where that of the end before it is not known', () => {
    const units = [{ runs: [run('first', [0, 10, undefined]), run('second', [400, 405, 500])] }];
    expect(queueSeconds(units, [])).toEqual({ queueSeconds: 5 });
  });
});

import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { anObserved, at, running } from './builders.ts';
import type { Observed } from './observed.ts';
import { knownSuspensions, suspensionsOf } from './suspensions.ts';

const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
const time = (seconds: number): string => at(seconds).toISOString();
const remembered = (...suspensions: NonNullable<DistillationJobStatus['suspensions']>) => ({
  previous: { suspensions },
});
const past = { startTime: time(0), endTime: time(5) };
const open = { startTime: time(10) };

/** An operator has no memory but the status. */
function observed(change: Partial<Observed>, runs = false): Observed {
  const { suspensions: _, ...rest } = anObserved(runs ? [running('unit-000')] : [], change);
  return rest;
}

describe('a suspension', () => {
  it.each([
    { of: 'begins when nothing runs any more', job: observed({ stop }), expected: [{ startTime: time(20) }] },
    { of: 'has not begun while something runs', job: observed({ stop }, true), expected: [] },
    {
      of: 'goes on',
      job: observed({ stop, ...remembered(past, open) }),
      expected: [past, open],
    },
    {
      of: 'ends when the job goes on',
      job: observed(remembered(past, open)),
      expected: [past, { ...open, endTime: time(20) }],
    },
    {
      of: 'goes on though a pod turns up late',
      job: observed({ stop, ...remembered(open) }, true),
      expected: [open],
    },
    { of: 'that is over stays as it is', job: observed(remembered(past)), expected: [past] },
  ])('$of', ({ job, expected }) => {
    expect(suspensionsOf(job, at(20))).toEqual(expected);
  });

  it('is remembered with 63 others; older ones are forgotten', () => {
    const many = Array.from({ length: 64 }, (_, index) => ({ startTime: time(index), endTime: time(index) }));
    const all = suspensionsOf(observed({ stop, ...remembered(...many) }), at(200));
    expect(all).toHaveLength(64);
    expect(all.at(0)).toEqual(many[1]);
    expect(all.at(-1)).toEqual({ startTime: time(200) });
  });

  it('counts for times only when it is over', () => {
    const start = at(0).getTime() / 1000;
    expect(knownSuspensions(observed(remembered(past, open)))).toEqual([{ start, end: start + 5 }]);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coveredSeconds } from '../accounting/intervals.ts';
import { activeSeconds } from './activity.ts';
import { anUnpreparedJob, at, running } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

type Status = NonNullable<Observed['previous']>;

/** An operator has no memory but the status. */
function observed(attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}): Observed {
  const { suspensions: _, ...rest } = anUnpreparedJob(attempts, change);
  return rest;
}

/** One look, and what the status remembers after it. */
function look(seconds: number, attempts: readonly ObservedAttempt[], previous?: Status): Status {
  return decide(observed(attempts, previous === undefined ? {} : { previous }), at(seconds)).status;
}

function counted(previous: Status, seconds: number, attempts: readonly ObservedAttempt[] = []): number {
  return activeSeconds(observed(attempts, { previous }), at(seconds));
}

const time = (seconds: number): string => at(seconds).toISOString();
const ran = (unit: string, from: number, to: number): ObservedAttempt =>
  running(unit, { state: 'Interrupted', startTime: at(from), endTime: at(to) });

describe('the time in which a job was active', () => {
  it('is not written again while the same goes on', () => {
    const runs = [running('prepare'), running('unit-000', { startTime: at(20) })];
    const first = look(30, runs);
    expect(first.activity).toEqual({ seconds: 0, since: time(0) });
    expect(look(500, runs, first).activity).toEqual(first.activity);
  });

  it('goes on to count when the attempts are gone', () => {
    const ended = look(110, [ran('prepare', 0, 100)], look(50, [running('prepare')]));
    expect(ended.activity).toEqual({ seconds: 100, until: time(100) });
    const gone = look(1000, [], ended);
    expect(gone.activity).toEqual(ended.activity);
    expect(counted(gone, 2050, [running('prepare', { number: 2, startTime: at(2000) })])).toBe(150);
  });

  it('goes on until it is seen that the last attempt is gone, which left nothing behind', () => {
    const both = look(50, [running('unit-000'), running('unit-001')]);
    const left = [ran('unit-000', 0, 60)];
    const one = look(70, [...left, running('unit-001')], both);
    expect(one.activity).toEqual({ seconds: 60, since: time(60) });
    const none = look(200, left, one);
    expect(none.activity).toEqual({ seconds: 200, until: time(200) });
    expect(counted(none, 900, left)).toBe(200);
  });

  it('begins anew with another try', () => {
    const ended = look(110, [ran('prepare', 0, 100)]);
    const again = { ...observed([running('prepare', { retry: 1, startTime: at(500) })]), retry: 1 };
    expect(activeSeconds({ ...again, previous: ended }, at(530))).toBe(30);
  });

  it('ends with the job, though a pod is still to end', () => {
    const policy = { onUnitFailure: 'Fail', backoffLimit: 0, activeDeadlineSeconds: 40 } as const;
    const { status } = decide(observed([running('prepare')], { policy }), at(50));
    expect(status.phase).toBe('Failed');
    expect(status.activity).toEqual({ seconds: 50, until: time(50) });
  });

  it('is known only of what is seen when the status was emptied', () => {
    expect(counted({}, 200, [ran('prepare', 0, 100)])).toBe(100);
    expect(counted({}, 200)).toBe(0);
  });

  it('does not count what an absent observer can not know of', () => {
    const running2 = [running('unit-000'), running('unit-001')];
    const before = look(300, running2);
    const back = { watchedSince: at(10_000) };
    const after = (attempts: readonly ObservedAttempt[]): number =>
      activeSeconds(observed(attempts, { previous: before, ...back }), at(10_000));
    expect(after([])).toBe(0);
    const ended = { state: 'Interrupted', startTime: undefined, endTime: at(400) } as const;
    expect(after([running('unit-000', ended), running('unit-001', ended)])).toBe(400);
    const waiting = { state: 'Pending', startTime: undefined } as const;
    expect(after([running('unit-000', ended), running('unit-001', waiting)])).toBe(400);
    const next = running('unit-000', { number: 2, startTime: at(9990) });
    expect(after([running('unit-001', ended), next])).toBe(410);
    expect(after(running2)).toBe(10_000);
  });

  it('counts on to the end for an observer that found it running', () => {
    const back = { watchedSince: at(10_000) };
    const runs = [running('prepare')];
    const found = decide(observed(runs, { previous: look(300, runs), ...back }), at(10_001)).status;
    expect(found.activity).toEqual({ seconds: 10_000, since: time(10_000) });
    const again = decide(observed(runs, { previous: found, ...back }), at(15_000)).status;
    expect(again.activity).toEqual(found.activity);
    expect(activeSeconds(observed([], { previous: again, ...back }), at(20_000))).toBe(20_000);
  });

  it('goes on for what runs when another try begins, from then on', () => {
    const runs = [running('unit-000'), running('unit-001', { retry: 1, startTime: at(990) })];
    const raised = decide(
      observed(runs, { previous: look(500, runs.slice(0, 1)), retry: 1 }),
      at(1000),
    ).status;
    expect(raised.activity).toEqual({ seconds: 0, since: time(990) });
    const alone = observed(runs.slice(0, 1), { previous: look(500, runs.slice(0, 1)), retry: 1 });
    expect(decide(alone, at(1000)).status.activity).toEqual({ seconds: 0, since: time(1000) });
    expect(activeSeconds(observed(runs.slice(0, 1), { previous: raised, retry: 1 }), at(5000))).toBe(4010);
    const over = [ran('unit-000', 0, 3000)];
    expect(activeSeconds(observed(over, { previous: raised, retry: 1 }), at(5000))).toBe(2010);
  });

  it('counts by the clock of the cluster, though the one of a node is ahead', () => {
    const ahead = look(50, [running('prepare', { startTime: at(86_400) })]);
    expect(counted(ahead, 10_050, [running('prepare', { startTime: at(86_400) })])).toBe(10_000);
    const since = { ...ahead, activity: { seconds: 0, since: time(86_400) } };
    expect(look(60, [running('prepare')], since).activity).toEqual({ seconds: 0, since: time(60) });
  });

  it('is the same however often it is looked at, if every attempt was seen to have ended before it was gone', () => {
    const attempts = fc.array(
      fc.record({
        start: fc.nat(1000),
        length: fc.integer({ min: 1, max: 300 }),
        kept: fc.integer({ min: 1, max: 300 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(attempts, fc.array(fc.nat(1700), { maxLength: 30 }), (all, others) => {
        const seenAt = (now: number): ObservedAttempt[] =>
          all.flatMap(({ start, length, kept }, index) => {
            const unit = `unit-00${index}`;
            const end = start + length;
            if (now < start || now >= end + kept) return [];
            return [now < end ? running(unit, { startTime: at(start) }) : ran(unit, start, end)];
          });
        const moments = [...others, ...all.map(({ start, length }) => start + length)];
        let status: Status | undefined;
        for (const now of moments.toSorted((a, b) => a - b)) status = look(now, seenAt(now), status);
        const truth = coveredSeconds(all.map(({ start, length }) => ({ start, end: start + length })));
        expect(counted(status ?? {}, 1700, seenAt(1700))).toBe(truth);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

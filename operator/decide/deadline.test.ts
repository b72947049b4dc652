import { describe, expect, it } from 'vitest';
import { anObserved, at, running } from './builders.ts';
import { decide } from './decide.ts';
import type { JobPolicy, ObservedAttempt } from './observed.ts';

const policy: JobPolicy = { onUnitFailure: 'Fail', backoffLimit: 3 };

function decided(attempts: readonly ObservedAttempt[], change: Partial<JobPolicy>, now = at(100)) {
  const decision = decide(anObserved(attempts, { policy: { ...policy, ...change }, capacity: 1 }), now);
  const message = decision.status.conditions?.find(({ type }) => type === 'Failed')?.message;
  return { message, requeueAfterSeconds: decision.requeueAfterSeconds };
}

describe('activeDeadlineSeconds', () => {
  // Prepare ran from -10 to 0.
  it('counts the time in which anything ran, what ran side by side once', () => {
    const side = [running('unit-000', { endTime: at(40), state: 'Interrupted' }), running('unit-001')];
    expect(decided(side, { activeDeadlineSeconds: 110 }).message).toBe(
      'The job ran for longer than spec.activeDeadlineSeconds (110 s) allows.',
    );
    expect(decided(side, { activeDeadlineSeconds: 111 })).toEqual({ requeueAfterSeconds: 1 });
  });

  it('does not count the time in which everything waited or stood still', () => {
    const waiting = running('unit-000', { state: 'Pending', startTime: undefined });
    expect(decided([waiting], { activeDeadlineSeconds: 11 }).message).toBeUndefined();
  });

  it('begins anew when the user asks for another try', () => {
    const earlier = running('unit-000', { state: 'Interrupted', endTime: at(90) });
    const observed = anObserved([earlier], { policy: { ...policy, activeDeadlineSeconds: 50 } });
    expect(decide(observed, at(100)).status.phase).toBe('Failed');
    expect(decide({ ...observed, retry: 1 }, at(100)).status.phase).toBe('Distilling');
  });
});

describe('pendingDeadlineSeconds', () => {
  const waits = (unit: string, since: number, change: Partial<ObservedAttempt> = {}): ObservedAttempt =>
    running(unit, { state: 'Pending', startTime: undefined, waitingSince: at(since), ...change });

  it('ends the job when an attempt has waited to start for longer, and says for what', () => {
    const waiting = { reason: 'WaitingForNode', message: 'unit-001 waits for a node: none is free.' };
    const attempts = [waits('unit-000', 60), waits('unit-001', 40, { waiting })];
    expect(decided(attempts, { pendingDeadlineSeconds: 60 }).message).toBe(
      'unit-001 has waited to start for longer than spec.execution.pendingDeadlineSeconds (60 s) allows. unit-001 waits for a node: none is free.',
    );
    expect(decided(attempts, { pendingDeadlineSeconds: 75 })).toEqual({ requeueAfterSeconds: 15 });
  });

  it.each([
    { of: 'runs', attempt: running('unit-000') },
    { of: 'waits in a queue', attempt: waits('unit-000', 0, { waitingSince: undefined }) },
    { of: 'is told to end', attempt: waits('unit-000', 0, { stopping: true }) },
  ])('is no matter to an attempt that $of', ({ attempt }) => {
    expect(decided([attempt], { pendingDeadlineSeconds: 60 }).message).toBeUndefined();
  });
});

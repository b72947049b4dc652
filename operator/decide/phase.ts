import type { DistillationJobStatus } from '../../crds/status.ts';
import { isMeasuring } from './baseline.ts';
import type { Observed, ObservedAttempt } from './observed.ts';
import { isActive, type UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

export type Phase = NonNullable<DistillationJobStatus['phase']>;

/** Where the job is, in one word for people. */
export function phaseOf(units: UnitViews, observed: Observed, verdict: Verdict): Phase {
  if (verdict.kind !== 'Open') return verdict.kind;
  if (isSuspended(observed)) return 'Suspended';
  if (units.prepare.state.kind !== 'Done') {
    // An attempt that started may be gone.
    const started =
      observed.previous?.startTime !== undefined ||
      units.prepare.attempts.some(({ startTime }) => startTime !== undefined);
    return started ? 'Preparing' : 'Pending';
  }
  const settled = units.distill.every(({ state }) => state.kind === 'Done' || state.kind === 'Exhausted');
  return (settled && !isMeasuring(units, observed)) || units.finetune.state.kind === 'Active'
    ? 'Finetuning'
    : 'Distilling';
}

/**
 * Told to stand still, and nothing is observed to run any more. Before it is, pods that may be yet to come are waited for;
 * what stands still does not go on because of one that nobody sees.
 */
export function isSuspended({ stop, attempts, previous }: Observed): boolean {
  if (stop === undefined) return false;
  const active = attempts.filter(isActive);
  return previous?.phase === 'Suspended' ? active.every(hasNoPod) : active.length === 0;
}

function hasNoPod({ stopping, state, startTime, waitingSince }: ObservedAttempt): boolean {
  return stopping === true && state === 'Pending' && startTime === undefined && waitingSince === undefined;
}

import type { DistillationJobStatus } from '../../crds/status.ts';
import { isMeasuring } from './baseline.ts';
import type { Observed } from './observed.ts';
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

/** Told to stand still, and nothing is observed to run any more. */
export function isSuspended({ stop, attempts }: Observed): boolean {
  return stop !== undefined && !attempts.some(isActive);
}

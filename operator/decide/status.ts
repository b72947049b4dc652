import type { DistillationJobStatus } from '../../crds/status.ts';
import { blockStatuses, earliest } from './block-status.ts';
import { conditionsOf } from './conditions.ts';
import { energyOf } from './energy.ts';
import { jobProgress } from './job-progress.ts';
import { jobSpeedup } from './job-speedup.ts';
import { networksOf } from './networks.ts';
import type { Observed } from './observed.ts';
import { phaseOf, type Phase } from './phase.ts';
import { summaryOf } from './summary.ts';
import { isActive, type UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

/** The whole status, made anew from what is observed: it remembers only times of transitions. */
export function describeStatus(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
  now: Date,
): DistillationJobStatus {
  const phase = phaseOf(units, observed, verdict);
  const networks = networksOf(units, observed);
  const progress = jobProgress(units, observed, verdict);
  const speedup = jobSpeedup(units, observed);
  const energy = energyOf(units);
  const started = earliest(observed.attempts.map(({ startTime }) => startTime));
  return {
    observedGeneration: observed.generation,
    phase,
    conditions: conditionsOf({ observed, verdict, phase, activity: activityOf(units, observed, phase) }, now),
    ...(started === undefined ? {} : { startTime: started.toISOString() }),
    ...(verdict.kind === 'Open' ? {} : { completionTime: completionTime(units, observed, now) }),
    ...networks,
    blocks: blockStatuses(units, observed),
    ...(progress === undefined ? {} : { progress }),
    speedup,
    energy,
    summary: summaryOf(
      { ...networks, speedup, energy, ...(progress === undefined ? {} : { progress }) },
      units,
    ),
  };
}

/** Kept once written; the end of finetune where that ended the job. */
function completionTime({ finetune }: UnitViews, { previous }: Observed, now: Date): string {
  if (finetune.state.kind === 'Done') return finetune.state.result.value.completionTime;
  return previous?.completionTime ?? now.toISOString();
}

function activityOf(units: UnitViews, observed: Observed, phase: Phase): string {
  const running = units.distill.filter(({ state }) => state.kind === 'Active').length;
  switch (phase) {
    case 'Pending':
      return 'Waiting for prepare to start.';
    case 'Preparing':
      return retryText('Teacher and data are being prepared.', observed);
    case 'Distilling':
      return retryText(
        running === 0
          ? 'The units are about to start.'
          : `${running} of ${units.distill.length} units are running.`,
        observed,
      );
    default:
      return retryText('The student is being stitched and fine-tuned.', observed);
  }
}

function retryText(activity: string, { attempts, retry }: Observed): string {
  const last = attempts.filter((attempt) => attempt.state === 'Failed' && attempt.retry >= retry).at(-1);
  if (
    last === undefined ||
    attempts.some((other) => other.unit === last.unit && other.result !== undefined)
  ) {
    return activity;
  }
  const again = attempts.some((other) => other.unit === last.unit && isActive(other))
    ? 'is tried again'
    : 'failed';
  return `${activity} ${last.unit} ${again}: ${last.message ?? 'no reason given'}`;
}

import type { DistillationJobStatus } from '../../crds/status.ts';
import { activityToRemember } from './activity.ts';
import { blockStatuses, earliest } from './block-status.ts';
import { conditionsOf } from './conditions.ts';
import { energyStatus, jobEnergy } from './energy.ts';
import { isMeasuring } from './baseline.ts';
import { jobBaseline } from './job-baseline.ts';
import { jobProgress } from './job-progress.ts';
import { jobSpeedup } from './job-speedup.ts';
import { networksOf } from './networks.ts';
import type { Observed, ObservedAttempt, Why } from './observed.ts';
import { phaseOf, type Phase } from './phase.ts';
import { summaryOf } from './summary.ts';
import { podsToRemember } from './remembered-pods.ts';
import { measuredRuns } from './runs.ts';
import { knownSuspensions, suspensionsOf } from './suspensions.ts';
import { firstLine, sentence } from './text.ts';
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
  const baseline = jobBaseline(units, observed, verdict);
  const speedup = jobSpeedup(units, observed, baseline);
  // A serial run is none of the job's: neither what it drew, nor that other devices were idle meanwhile.
  const apart = units.baseline === undefined ? [] : measuredRuns(units.baseline);
  const suspensions = [...knownSuspensions(observed), ...apart];
  const outside = { nodeWide: observed.nodeWide, suspensions };
  const seen = jobEnergy(units, outside);
  const { previous } = observed;
  // What was seen of whole nodes is seen only once.
  const energy =
    finishedBefore(units, observed, verdict)?.energy ?? energyStatus(units, seen, { baseline, outside });
  // Attempts of long ago may be gone.
  const before = previous?.startTime === undefined ? undefined : new Date(previous.startTime);
  const started = earliest([before, ...observed.attempts.map(({ startTime }) => startTime)]);
  return {
    observedGeneration: observed.generation,
    phase,
    conditions: conditionsOf({ observed, verdict, activity: activityOf(units, observed, phase) }, now),
    ...(started === undefined ? {} : { startTime: started.toISOString() }),
    ...(verdict.kind === 'Open' ? {} : { completionTime: completionTime(units, observed, now) }),
    ...networks,
    ...memoryOf(observed, verdict, now),
    ...attemptsOf(units),
    blocks: blockStatuses(units, observed, seen),
    ...(progress === undefined ? {} : { progress }),
    ...(baseline === undefined ? {} : { baseline }),
    speedup,
    energy,
    summary: summaryOf(
      { ...networks, speedup, energy, ...(progress === undefined ? {} : { progress }) },
      units,
    ),
  };
}

/** What an observer without a memory of its own must find in the status again. */
function memoryOf(
  observed: Observed,
  verdict: Verdict,
  now: Date,
): Pick<DistillationJobStatus, 'retry' | 'suspensions' | 'activity' | 'pods'> {
  if (observed.suspensions !== undefined) return {};
  const pods = podsToRemember(observed);
  const suspensions = suspensionsOf(observed, now);
  const activity = activityToRemember(observed, { now, isOver: verdict.kind !== 'Open' });
  return {
    retry: observed.retry,
    ...(suspensions.length === 0 ? {} : { suspensions: [...suspensions] }),
    ...(activity === undefined ? {} : { activity }),
    ...(pods.length === 0 ? {} : { pods }),
  };
}

/** The status of a job that had come to the same end before, since when nothing of it has run. */
function finishedBefore(
  { prepare, distill, finetune }: UnitViews,
  { previous }: Observed,
  verdict: Verdict,
): DistillationJobStatus | undefined {
  if (verdict.kind !== 'Complete' || previous?.phase !== 'Complete') return undefined;
  if (previous.completionTime === undefined) return undefined;
  const end = new Date(previous.completionTime);
  const isSame = [prepare, ...distill, finetune].every(({ runs }) =>
    runs.every(({ start }) => start === undefined || start <= end),
  );
  return isSame ? previous : undefined;
}

/** Those at units that the table of blocks does not show. */
function attemptsOf({ prepare, finetune }: UnitViews): Pick<DistillationJobStatus, 'attempts'> {
  const counts = { prepare: prepare.nextNumber - 1, finetune: finetune.nextNumber - 1 };
  if (counts.finetune > 0) return { attempts: counts };
  return counts.prepare > 0 ? { attempts: { prepare: counts.prepare } } : {};
}

/** Kept once written; the end of finetune where that ended the job. */
function completionTime({ finetune }: UnitViews, { previous }: Observed, now: Date): string {
  if (finetune.state.kind === 'Done') return finetune.state.result.value.completionTime;
  return previous?.completionTime ?? now.toISOString();
}

/** What goes on; where nothing does, because all that could waits for something, the reason says for what. */
function activityOf(units: UnitViews, observed: Observed, phase: Phase): Why {
  const { attempts, obstacle } = observed;
  const waiting = obstacle ?? waitingOf(attempts);
  const running = attempts.filter(({ state }) => state === 'Running').length;
  const text = retryText(
    activityText(units, { running, phase, measuring: isMeasuring(units, observed) }),
    observed,
  );
  if (waiting === undefined) return { reason: phase, message: text };
  if (running > 0) return { reason: phase, message: `${text} ${waiting.message}` };
  return waiting;
}

/** The first unit that waits, and how many more do for the same reason. */
function waitingOf(attempts: readonly ObservedAttempt[]): Why | undefined {
  const [first, ...others] = attempts.flatMap(({ state, waiting }) =>
    state === 'Pending' && waiting !== undefined ? [waiting] : [],
  );
  const more = others.filter(({ reason }) => reason === first?.reason).length;
  if (first === undefined || more === 0) return first;
  const units = more === 1 ? '1 other unit' : `${more} other units`;
  return { ...first, message: `${sentence(first.message)} The same holds for ${units}.` };
}

interface ActivityInput {
  readonly running: number;
  readonly phase: Phase;
  /** The serial run has to end before units begin. */
  readonly measuring: boolean;
}

function activityText(units: UnitViews, { running, phase, measuring }: ActivityInput): string {
  switch (phase) {
    case 'Pending':
      return 'Waiting for prepare to start.';
    case 'Preparing':
      return running === 0 ? 'Waiting for prepare to start again.' : 'Teacher and data are being prepared.';
    case 'Distilling':
      if (measuring) return measuringText(units);
      return running === 0
        ? 'The units are about to start.'
        : `${running} of ${units.distill.length} units are running.`;
    default:
      return 'The student is being stitched and fine-tuned.';
  }
}

/** The serial run begins when nothing else runs that could disturb it. */
function measuringText({ baseline, distill }: UnitViews): string {
  const disturbing = distill.flatMap(({ attempts }) => attempts).filter(isActive).length;
  const what = 'The serial run that speedup is measured against';
  if (disturbing > 0) return `${what} waits for ${disturbing} of ${distill.length} units that are running.`;
  const runs = baseline?.state.kind === 'Active' && baseline.state.attempt.state === 'Running';
  return runs ? `${what} goes on; the units start after it.` : `${what} is about to start, before the units.`;
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
  return `${activity} ${last.unit} ${again}: ${firstLine(last.message ?? 'no reason given')}`;
}

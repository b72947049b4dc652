import type { BaselineStatus } from '../../crds/status.ts';
import { baselineOfRun } from '../accounting/baseline.ts';
import { totalOf, energyAccountOf } from '../accounting/energy.ts';
import { significant } from '../accounting/significant.ts';
import { rememberedRun } from './baseline.ts';
import { earliest } from './block-status.ts';
import { earlierEnergyOf } from './metered-unit.ts';
import type { Observed } from './observed.ts';
import { otherJobAsBaseline } from './other-job.ts';
import { energySeen } from './energy-seen.ts';
import { measuredRuns } from './runs.ts';
import { knownSuspensions } from './suspensions.ts';
import { clip, firstLine } from './text.ts';
import type { UnitView, UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';
import { whyIncomplete } from './whole-attempts.ts';

/** What speedup and energy saving are measured against, and how far that is known; undefined where nothing is asked for. */
export function jobBaseline(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
): BaselineStatus | undefined {
  const baseline = baselineNow(units, observed);
  if (baseline === undefined || verdict.kind === 'Open') return baseline;
  if (baseline.state !== 'Pending' && baseline.state !== 'Running') return baseline;
  const { mode, reason = `The job ended before ${mode === 'Job' ? 'its units' : 'the serial run'} did.` } =
    baseline;
  return { ...baseline, state: 'Unknown', reason };
}

function baselineNow(units: UnitViews, observed: Observed): BaselineStatus | undefined {
  if (units.baseline !== undefined) return serialRun(units.baseline, observed);
  const { mode, jobName } = observed.policy.baseline ?? {};
  if (observed.prepared === undefined || mode !== 'Job' || jobName === undefined) return undefined;
  return otherJobAsBaseline(jobName, units, observed);
}

/** A serial run of this job. What it took stands here alone: it is no part of the job's own figures. */
function serialRun(unit: UnitView, observed: Observed): BaselineStatus {
  const { state } = unit;
  const isOpen = state.kind === 'Waiting' || state.kind === 'Active';
  const common = { mode: 'Measure' as const, attempts: unit.nextNumber - 1, ...times(unit, isOpen) };
  const remembered = rememberedRun(observed);
  // What was seen of its devices from outside is seen only once.
  const isSame = remembered?.state === 'Known' && remembered.attempts === common.attempts;
  if (remembered !== undefined && (isOpen || isSame)) return remembered;
  switch (state.kind) {
    case 'Waiting':
      return { ...common, state: 'Pending' };
    case 'Active':
      return { ...common, state: state.attempt.state === 'Running' ? 'Running' : 'Pending' };
    case 'Invalid':
    case 'Exhausted': {
      const why = firstLine(state.message);
      const reason = clip(`The serial run to measure against failed for good: ${why}`, 512);
      return { ...common, state: 'Unknown', reason };
    }
    case 'Done':
      return { ...common, ...figuresOf(unit, observed) };
  }
}

function figuresOf(
  unit: UnitView,
  observed: Observed,
): Pick<BaselineStatus, 'state'> & Partial<BaselineStatus> {
  const outside = { nodeWide: observed.nodeWide, suspensions: knownSuspensions(observed) };
  const account = energyAccountOf(energySeen([unit], outside).input);
  const { seconds, energy } = baselineOfRun(measuredRuns(unit), account);
  const { coverage, used, dedicatedNode } = account;
  const joules =
    coverage.length === 0
      ? {}
      : {
          joules: significant(totalOf(used)),
          coverage: [...coverage],
          ...(dedicatedNode === undefined ? {} : { dedicatedNode: significant(totalOf(dedicatedNode)) }),
        };
  const untimed = 'reason' in seconds ? seconds.reason : undefined;
  const why = whyIncomplete([unit]) ?? untimed ?? whyResumed(unit);
  if (why !== undefined) {
    return { state: 'Unknown', ...joules, reason: clip(`The serial run is no baseline: ${why}`, 512) };
  }
  return {
    state: 'Known',
    ...joules,
    ...('reason' in energy ? { reason: clip(`What it drew is unknown: ${energy.reason}`, 512) } : {}),
  };
}

/** A checkpoint that was continued says so even where nothing else is left of the attempt that wrote it. */
function whyResumed({ state }: UnitView): string | undefined {
  if (state.kind !== 'Done' || earlierEnergyOf(state.result.value) === undefined) return undefined;
  return 'It was interrupted and repeated at least in part, and a baseline with lost work overstates what parallel work gains.';
}

/** Device seconds of all attempts, and from when to when they were. */
function times(unit: UnitView, isOpen: boolean): Partial<BaselineStatus> {
  const started = earliest(unit.runs.map(({ start }) => start));
  const ended = measuredRuns(unit);
  const last = Math.max(...ended.map(({ end }) => end));
  const seconds = ended.reduce((total, { start, end }) => total + end - start, 0);
  return {
    ...(started === undefined ? {} : { startTime: started.toISOString() }),
    ...(isOpen || ended.length === 0
      ? {}
      : { completionTime: new Date(last * 1000).toISOString(), seconds: significant(seconds) }),
  };
}

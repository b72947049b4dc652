import type { DistillationJobStatus } from '../../crds/status.ts';
import { significant } from '../accounting/significant.ts';
import { placesOf } from './dispatch.ts';
import { wallSeconds } from './job-speedup.ts';
import type { Observed } from './observed.ts';
import { predictedFinetuneSeconds, predictedUnitSeconds } from './predicted-time.ts';
import type { UnitView, UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

interface Part {
  readonly predicted: number;
  /** Share that is done, 0 to 1. */
  readonly fraction: number;
  /** Measured, for what is done; without start-up. */
  readonly actual: number | undefined;
  /** As its worker says. */
  readonly left: number | undefined;
  /** Its process has yet to start. */
  readonly waiting: boolean;
}

interface Work {
  readonly parts: readonly Part[];
  readonly last: Part;
  /** Seconds between the start of a unit's process and its work. */
  readonly startUp: number;
}

/** How far the job is, by the time that prepare's measurements predict, at the pace seen so far. Start-up is a constant of every unit. */
export function jobProgress(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
): DistillationJobStatus['progress'] {
  const { prepared, training } = observed;
  if (prepared === undefined) return undefined;
  const parts = units.distill.map((unit) => partOf(unit, predictedUnitSeconds(unit, prepared, training)));
  const last = partOf(units.finetune, predictedFinetuneSeconds(prepared, training));
  const prepareSeconds = wallSeconds(units.prepare) ?? 0;
  const work = [...parts, last];
  const total = prepareSeconds + work.reduce((sum, part) => sum + part.predicted, 0);
  const done = prepareSeconds + work.reduce((sum, part) => sum + part.predicted * part.fraction, 0);
  const settled = units.distill.filter(({ state }) => state.kind === 'Done' || state.kind === 'Exhausted');
  const complete = verdict.kind === 'Complete';
  return {
    done: settled.reduce((count, unit) => count + unit.blocks.length, 0),
    total: prepared.plan.blocks.length,
    percent: complete ? 100 : Math.min(99, Math.floor((100 * done) / total)),
    ...(verdict.kind === 'Open' && observed.stop === undefined
      ? {
          etaSeconds: significant(
            secondsLeft({ parts, last, startUp: startUpSeconds(units) }, placesOf(observed)),
          ),
        }
      : {}),
  };
}

/** The longest unit, or all units shared out evenly, whichever takes longer; then finetune. */
function secondsLeft({ parts, last, startUp }: Work, places: number): number {
  const pace = paceOf([...parts, last]);
  const leftOf = (part: Part): number =>
    part.left ?? part.predicted * (1 - part.fraction) * pace + (part.waiting ? startUp : 0);
  const left = parts.map(leftOf);
  const sum = left.reduce((total, each) => total + each, 0);
  return Math.max(0, ...left, sum / Math.max(1, Math.min(places, parts.length))) + leftOf(last);
}

/** Measured over predicted time of what is done; 1 as long as nothing is. */
function paceOf(parts: readonly Part[]): number {
  const done = parts.filter((part) => part.actual !== undefined && part.predicted > 0);
  const predicted = done.reduce((total, part) => total + part.predicted, 0);
  return predicted === 0 ? 1 : done.reduce((total, part) => total + (part.actual ?? 0), 0) / predicted;
}

function partOf(unit: UnitView, predicted: number): Part {
  if (unit.state.kind === 'Done' || unit.state.kind === 'Exhausted') {
    return { predicted, fraction: 1, actual: workSeconds(unit), left: 0, waiting: false };
  }
  const progress = unit.state.kind === 'Active' ? unit.state.attempt.progress : undefined;
  return {
    predicted,
    fraction: progress?.fraction ?? 0,
    actual: undefined,
    left: progress?.etaSeconds ?? undefined,
    waiting: progress?.fraction === undefined || progress.fraction === null,
  };
}

function workSeconds({ state }: UnitView): number | undefined {
  return state.kind === 'Done' ? state.result.value.seconds : undefined;
}

/** The least that a finished unit took beyond its work: where more is missing, it was killed and repeated some. */
function startUpSeconds({ distill }: UnitViews): number {
  const beyond = distill.flatMap((unit) => {
    const [wall, work] = [wallSeconds(unit), workSeconds(unit)];
    return wall === undefined || work === undefined ? [] : [Math.max(0, wall - work)];
  });
  return beyond.length === 0 ? 0 : Math.min(...beyond);
}

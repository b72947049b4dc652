import type { DistillationJobStatus } from '../../crds/status.ts';
import { significant } from '../accounting/significant.ts';
import { isMeasuring } from './baseline.ts';
import { placesOf } from './dispatch.ts';
import { wallSeconds } from './job-speedup.ts';
import type { Observed } from './observed.ts';
import { predictedFinetuneSeconds, predictedUnitSeconds } from './predicted-time.ts';
import { secondsLeft, type Part } from './time-left.ts';
import type { UnitView, UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

/** How far the job is by the time that prepare's measurements predict, and how long it will still take. */
export function jobProgress(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
): DistillationJobStatus['progress'] {
  const { prepared, training } = observed;
  if (prepared === undefined) return undefined;
  const parts = units.distill.map((unit) => partOf(unit, predictedUnitSeconds(unit, prepared, training)));
  const first = baselinePart(units, observed);
  const last = partOf(units.finetune, predictedFinetuneSeconds(prepared, training));
  const prepareSeconds = wallSeconds(units.prepare) ?? 0;
  const work = [...(first === undefined ? [] : [first]), ...parts, last];
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
            secondsLeft({ first, parts, last, startUp: startUpSeconds(units) }, placesOf(observed)),
          ),
        }
      : {}),
  };
}

/** The serial run, which the units wait for. */
function baselinePart(units: UnitViews, observed: Observed): Part | undefined {
  const { baseline } = units;
  const { prepared, training } = observed;
  if (baseline === undefined || prepared === undefined) return undefined;
  const predicted = predictedUnitSeconds(baseline, prepared, training);
  if (isMeasuring(units, observed)) return partOf(baseline, predicted);
  return { predicted, fraction: 1, seen: workSeconds(baseline), waiting: false };
}

function partOf(unit: UnitView, predicted: number): Part {
  if (unit.state.kind === 'Done' || unit.state.kind === 'Exhausted') {
    return { predicted, fraction: 1, seen: workSeconds(unit), waiting: false };
  }
  const progress = unit.state.kind === 'Active' ? unit.state.attempt.progress : undefined;
  const fraction = progress?.fraction ?? undefined;
  const left = progress?.etaSeconds ?? undefined;
  return {
    predicted,
    fraction: fraction ?? 0,
    seen: left === undefined || fraction === 1 ? undefined : left / (1 - (fraction ?? 0)),
    waiting: fraction === undefined,
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

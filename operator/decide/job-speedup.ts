import type { BaselineStatus, DistillationJobStatus } from '../../crds/status.ts';
import type { UnitFacts } from '../../worker/contract/unit-facts.ts';
import { significant } from '../accounting/significant.ts';
import { ceilingOf, speedupOf, type MeasuredUnit, type Speedup } from '../accounting/speedup.ts';
import { whyUnknown } from './baseline.ts';
import { queueSeconds } from './queue-seconds.ts';
import { measuredRuns } from './runs.ts';
import { knownSuspensions } from './suspensions.ts';
import type { Observed, Prepared, TrainingAmount } from './observed.ts';
import {
  predictedPrefixSeconds,
  predictedTier,
  predictedUnitSeconds,
  teacherBatches,
} from './predicted-time.ts';
import { clip } from './text.ts';
import { isActive, type UnitView, type UnitViews } from './units.ts';
import { whyIncomplete } from './whole-attempts.ts';

type SpeedupStatus = NonNullable<DistillationJobStatus['speedup']>;

/** The speedup of the distill stage; while it runs, the ceiling that prepare's measurements predict. */
export function jobSpeedup(units: UnitViews, observed: Observed, baseline?: BaselineStatus): SpeedupStatus {
  const { prepared, training } = observed;
  if (prepared === undefined) return { reason: 'Prepare has not committed a plan.' };
  const ended = units.distill.every((unit) => unit.state.kind === 'Done' || unit.state.kind === 'Exhausted');
  if (!ended || units.distill.some((unit) => unit.attempts.some(isActive))) {
    const predicted = units.distill.map((unit) => predictedUnitSeconds(unit, prepared, training));
    return rounded({
      ...ceilingOf(predicted),
      reason: 'Known when the last unit has ended; the ceiling is predicted.',
    });
  }
  const incomplete = whyIncomplete(units.distill);
  if (incomplete !== undefined) {
    const useful = units.distill.flatMap(({ state }) =>
      state.kind === 'Done' ? [state.result.value.seconds] : [],
    );
    return rounded({ ...ceilingOf(useful), reason: `The speedup is unknown. ${incomplete}` });
  }
  const sequential = [units.prepare, units.finetune].map(wallSeconds);
  const known = sequential.every((seconds) => seconds !== undefined);
  const serial = serialSeconds(units, baseline);
  const suspensions = knownSuspensions(observed);
  const speedup = speedupOf({
    units: units.distill.map((unit) => measured(unit, prepared, training)),
    suspensions,
    sequentialSeconds: known ? sequential.reduce((total, seconds) => total + seconds, 0) : undefined,
    ...('value' in serial ? { serialBaselineSeconds: serial.value } : {}),
  });
  const devices = deviceModels(units);
  const reasons = ['value' in serial ? undefined : serial.reason, speedup.reason].filter(Boolean);
  return {
    ...rounded({
      ...speedup,
      ...queueSeconds(units.distill, suspensions),
      ...(reasons.length === 0 ? {} : { reason: reasons.join(' ') }),
    }),
    ...(devices.length === 0 ? {} : { devices }),
  };
}

/** What one device took for the same blocks, if that was measured. */
function serialSeconds(
  units: UnitViews,
  baseline: BaselineStatus | undefined,
): { value: number } | { reason: string | undefined } {
  if (baseline === undefined) return { reason: undefined };
  if (baseline.state !== 'Known' || baseline.seconds === undefined) {
    return { reason: whyUnknown(baseline) };
  }
  const undone = units.distill.filter(({ state }) => state.kind !== 'Done').length;
  if (undone === 0) return { value: baseline.seconds };
  return {
    reason: `${undone} of ${units.distill.length} units failed, so the serial run did more work than this job and is not compared with it.`,
  };
}

/** Of all units that are done; empty when one of them is not known. */
export function deviceModels({ distill }: UnitViews): string[] {
  const names = distill.flatMap(({ state }) =>
    state.kind === 'Done' ? [deviceModel(state.result.value)] : [],
  );
  // Where nothing told more.
  if (names.includes('GPU')) return [];
  return [...new Set(names)].map((name) => clip(name, 128)).toSorted();
}

/** TensorFlow knows a card only as a GPU; its meter knows the model. */
function deviceModel({ platform, energy }: UnitFacts): string {
  const metered = platform.device === 'GPU' ? energy.find(({ kind }) => kind === 'GPU')?.model : undefined;
  return metered ?? platform.deviceName;
}

function measured(unit: UnitView, prepared: Prepared, training: TrainingAmount): MeasuredUnit {
  const result = unit.state.kind === 'Done' ? unit.state.result.value : undefined;
  const distill = result?.stage === 'Distill' ? result : undefined;
  const tier = distill?.activations ?? predictedTier(unit, prepared, training);
  const batches = teacherBatches(tier, prepared, training);
  const everyStep = teacherBatches('Recompute', prepared, training);
  return {
    attempts: measuredRuns(unit),
    resultSeconds: distill?.seconds,
    prefixSeconds: predictedPrefixSeconds(unit, prepared, batches),
    recomputedPrefixSeconds: unit.blocks
      .map((name) => predictedPrefixSeconds({ ...unit, blocks: [name] }, prepared, everyStep))
      .reduce((total, seconds) => total + seconds, 0),
  };
}

/** Seconds of all ended attempts at a unit that is done; undefined where a part of them is unknown. */
export function wallSeconds(unit: UnitView): number | undefined {
  if (unit.state.kind !== 'Done' || whyIncomplete([unit]) !== undefined) return undefined;
  return measuredRuns(unit).reduce((total, { start, end }) => total + (end - start), 0);
}

/** A figure that is no number, as times out of all range give, is left out with the reason: nobody could read it again. */
function rounded({ reason, ...figures }: Speedup & Pick<SpeedupStatus, 'queueSeconds'>): SpeedupStatus {
  const unknown = Object.entries(figures).flatMap(([name, value]) =>
    typeof value === 'number' && !Number.isFinite(value) ? [name] : [],
  );
  const why =
    unknown.length === 0
      ? []
      : [`Not known, as the times it is made from are out of range: ${unknown.join(', ')}.`];
  const reasons = [reason, ...why].filter((each) => each !== undefined);
  return {
    ...Object.fromEntries(
      Object.entries(figures)
        .filter(([name]) => !unknown.includes(name))
        .map(([name, value]) => [name, typeof value === 'number' ? significant(value) : value]),
    ),
    ...(reasons.length === 0 ? {} : { reason: clip(reasons.join(' '), 512) }),
  };
}

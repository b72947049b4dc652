import type { DistillationJobStatus } from '../../crds/status.ts';
import { significant } from '../accounting/significant.ts';
import { ceilingOf, speedupOf, type MeasuredUnit, type Speedup } from '../accounting/speedup.ts';
import { knownSuspensions } from './suspensions.ts';
import type { Observed, ObservedAttempt, Prepared, TrainingAmount } from './observed.ts';
import {
  predictedPrefixSeconds,
  predictedTier,
  predictedUnitSeconds,
  teacherBatches,
} from './predicted-time.ts';
import { isActive, type UnitView, type UnitViews } from './units.ts';

type SpeedupStatus = NonNullable<DistillationJobStatus['speedup']>;

/** The speedup of the distill stage; while it runs, the ceiling that prepare's measurements predict. */
export function jobSpeedup(units: UnitViews, observed: Observed): SpeedupStatus {
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
  const sequential = [units.prepare, units.finetune].map(wallSeconds);
  const known = sequential.every((seconds) => seconds !== undefined);
  return rounded(
    speedupOf({
      units: units.distill.map((unit) => measured(unit, prepared, training)),
      suspensions: knownSuspensions(observed),
      sequentialSeconds: known ? sequential.reduce((total, seconds) => total + seconds, 0) : undefined,
    }),
  );
}

function measured(unit: UnitView, prepared: Prepared, training: TrainingAmount): MeasuredUnit {
  const result = unit.state.kind === 'Done' ? unit.state.result.value : undefined;
  const distill = result?.stage === 'Distill' ? result : undefined;
  const tier = distill?.activations ?? predictedTier(unit, prepared, training);
  const batches = teacherBatches(tier, prepared, training);
  const everyStep = teacherBatches('Recompute', prepared, training);
  return {
    attempts: unit.attempts.flatMap(measuredAttempt),
    resultSeconds: distill?.seconds,
    prefixSeconds: predictedPrefixSeconds(unit, prepared, batches),
    recomputedPrefixSeconds: unit.blocks
      .map((name) => predictedPrefixSeconds({ ...unit, blocks: [name] }, prepared, everyStep))
      .reduce((total, seconds) => total + seconds, 0),
  };
}

function measuredAttempt({ startTime, endTime, result }: ObservedAttempt) {
  if (startTime === undefined || endTime === undefined) return [];
  return [
    { start: startTime.getTime() / 1000, end: endTime.getTime() / 1000, committed: result !== undefined },
  ];
}

/** Seconds of all ended attempts at a unit that is done. */
export function wallSeconds(unit: UnitView): number | undefined {
  if (unit.state.kind !== 'Done') return undefined;
  return unit.attempts.flatMap(measuredAttempt).reduce((total, { start, end }) => total + (end - start), 0);
}

function rounded(speedup: Speedup): SpeedupStatus {
  return Object.fromEntries(
    Object.entries(speedup).map(([name, value]) => [
      name,
      typeof value === 'number' ? significant(value) : value,
    ]),
  );
}

import type { BaselineStatus, DistillationJobStatus } from '../../crds/status.ts';
import { energyFigures } from '../accounting/energy-figures.ts';
import { energyAccountOf, type EnergyAccount } from '../accounting/energy.ts';
import { significant } from '../accounting/significant.ts';
import { comparisonWith } from './energy-comparison.ts';
import { committerOf, earlierEnergyOf, meteredUnit } from './metered-unit.ts';
import { outsideRemarks, seenFromOutside, type SeenFromOutside } from './outside-energy.ts';
import { measuredAttempt } from './measured-attempt.ts';
import { clip } from './text.ts';
import type { UnitView, UnitViews } from './units.ts';

type EnergyStatus = NonNullable<DistillationJobStatus['energy']>;

/**
 * What all units that have ended drew, known only of the kinds of device that every attempt was metered for, with remarks on
 * what could not be seen from outside of them.
 */
export function jobEnergy(
  { prepare, distill, finetune }: UnitViews,
  outside: SeenFromOutside = {},
): { readonly account: EnergyAccount; readonly remarks: readonly string[] } {
  const all = [prepare, ...distill, finetune];
  const input = seenFromOutside(all.flatMap(meteredUnit), all, outside);
  return { account: energyAccountOf(input), remarks: outsideRemarks(input, all, outside) };
}

export interface EnergyContext {
  /** Sentences that go with the figures. */
  readonly remarks?: readonly string[];
  readonly baseline?: BaselineStatus | undefined;
}

export function energyStatus(
  units: UnitViews,
  account: EnergyAccount,
  { remarks = [], baseline }: EnergyContext = {},
): EnergyStatus {
  const repeated = [units.prepare, ...units.distill, units.finetune].flatMap(repetitionsOf);
  const isWhole = repeated.every(({ whole }) => whole);
  const compared =
    baseline !== undefined && !isWhole
      ? { reason: 'No saving is known: it is not known of all attempts what they drew.' }
      : comparisonWith(baseline, { units, account });
  const comparison = 'reason' in compared ? undefined : compared;
  const said = ['reason' in compared ? compared.reason : undefined, ...remarks].filter(Boolean);
  const figures = withReason(energyFigures(account, comparison), said.join(' '));
  if (figures.joules === undefined || isWhole) return rounded(figures);
  const count = repeated.reduce((total, { attempts }) => total + attempts, 0);
  const attempts = count === 1 ? '1 attempt' : `${count} attempts`;
  const note = `What ${attempts} without a result drew after the last checkpoint is not in it.`;
  // Whatever such an attempt drew would be called idle.
  const { retriedJoules, dedicatedNode: _, idleReservedJoules: __, ...rest } = figures;
  const known = retriedJoules !== undefined && repeated.every(({ metered }) => metered);
  return rounded(withReason({ ...rest, ...(known ? { retriedJoules } : {}) }, note));
}

function withReason(figures: EnergyStatus, more: string): EnergyStatus {
  const reasons = [figures.reason, more].filter(Boolean);
  return reasons.length === 0 ? figures : { ...figures, reason: reasons.join(' ') };
}

/** A worker's meter begins when TensorFlow is loaded, in every attempt. */
const startUpSeconds = 5;

interface Repetitions {
  /** Other than the one that did the work. */
  readonly attempts: number;
  /** Whether a checkpoint says what they drew. */
  readonly metered: boolean;
  /** Whether it says so of all their time. */
  readonly whole: boolean;
}

function repetitionsOf(unit: UnitView): Repetitions[] {
  if (unit.state.kind !== 'Done') return [];
  const { value } = unit.state.result;
  const committer = committerOf(unit, value);
  const others = unit.attempts.filter((each) => each.result === undefined && each !== committer);
  const attempts = others.length + unit.gone;
  const energy = earlierEnergyOf(value);
  const ran = others.flatMap(measuredAttempt);
  const seconds = ran.reduce((total, { start, end }) => total + end - start, 0);
  const isTimed = unit.gone === 0 && ran.length === others.length && energy !== undefined;
  const whole =
    isTimed && energy.length > 0 && energy.every((each) => (each.seconds ?? 0) >= seconds - startUpSeconds);
  return attempts === 0 ? [] : [{ attempts, metered: energy !== undefined, whole }];
}

function rounded(figures: EnergyStatus): EnergyStatus {
  const { byDevice, reason, formula } = figures;
  const numbers = Object.entries(figures).map(([name, value]) => [
    name,
    typeof value === 'number' ? significant(value) : value,
  ]);
  return {
    ...Object.fromEntries(numbers),
    ...(byDevice === undefined ? {} : { byDevice: distinct(byDevice.map(roundedDevice)) }),
    ...(formula === undefined ? {} : { formula: clip(formula, 256) }),
    ...(reason === undefined ? {} : { reason: clip(reason, 512) }),
  };
}

function roundedDevice(device: NonNullable<EnergyStatus['byDevice']>[number]) {
  return {
    ...device,
    device: clip(device.device, 128),
    ...(device.joules === undefined ? {} : { joules: significant(device.joules) }),
    ...(device.reason === undefined ? {} : { reason: clip(device.reason, 512) }),
  };
}

/** The API takes no list in which two devices have one name, as they may have after it was cut off. */
function distinct<Device extends { device: string }>(devices: readonly Device[]): Device[] {
  return [...new Map(devices.map((each) => [each.device, each])).values()];
}

import type { BaselineStatus, DistillationJobStatus } from '../../crds/status.ts';
import { energyFigures } from '../accounting/energy-figures.ts';
import { energyAccountOf, type EnergyAccount } from '../accounting/energy.ts';
import { significant } from '../accounting/significant.ts';
import { comparisonWith } from './energy-comparison.ts';
import { energySeen, type EnergySeen, type SeenFromOutside } from './energy-seen.ts';
import { clip } from './text.ts';
import type { UnitViews } from './units.ts';

type EnergyStatus = NonNullable<DistillationJobStatus['energy']>;

/**
 * What all units that have ended drew, known only of the kinds of device that every attempt was metered for, with remarks on
 * what could not be seen from outside of them.
 */
export function jobEnergy(
  { prepare, distill, finetune }: UnitViews,
  outside: SeenFromOutside = {},
): JobEnergy {
  const seen = energySeen([prepare, ...distill, finetune], outside);
  return { account: energyAccountOf(seen.input), remarks: seen.remarks, partly: seen.partly };
}

export interface JobEnergy extends Pick<EnergySeen, 'remarks' | 'partly'> {
  readonly account: EnergyAccount;
}

export interface EnergyContext {
  readonly baseline?: BaselineStatus | undefined;
  readonly outside?: SeenFromOutside;
}

export function energyStatus(
  units: UnitViews,
  { account, remarks, partly }: JobEnergy,
  { baseline, outside = {} }: EnergyContext = {},
): EnergyStatus {
  const isWhole = partly.length === 0;
  const compared =
    baseline !== undefined && !isWhole
      ? { reason: 'No saving is known: it is not known of all attempts what they drew.' }
      : comparisonWith(baseline, { units, account, outside });
  const comparison = 'reason' in compared ? undefined : compared;
  const said = ['reason' in compared ? compared.reason : undefined, ...remarks].filter(Boolean);
  const figures = withReason(energyFigures(account, comparison), said.join(' '));
  if (figures.joules === undefined || isWhole) return rounded(figures);
  const count = partly.reduce((total, { attempts }) => total + attempts, 0);
  // Whatever such an attempt drew would be called idle.
  const { retriedJoules, dedicatedNode: _, idleReservedJoules: __, ...rest } = figures;
  const known = retriedJoules !== undefined && partly.every(({ told }) => told);
  const who = count === 1 ? '1 attempt' : `${count} attempts`;
  const note = `What ${who} without a result drew after the last checkpoint is not in it.`;
  return rounded(withReason({ ...rest, ...(known ? { retriedJoules } : {}) }, note));
}

function withReason(figures: EnergyStatus, more: string): EnergyStatus {
  const reasons = [figures.reason, more].filter(Boolean);
  return reasons.length === 0 ? figures : { ...figures, reason: reasons.join(' ') };
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

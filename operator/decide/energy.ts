import type { DistillationJobStatus } from '../../crds/status.ts';
import { energyFigures } from '../accounting/energy-figures.ts';
import type { MeteredUnit } from '../accounting/energy-readings.ts';
import { energyAccountOf } from '../accounting/energy.ts';
import { significant } from '../accounting/significant.ts';
import { outsideRemarks, seenFromOutside, type SeenFromOutside } from './outside-energy.ts';
import { clip } from './text.ts';
import type { UnitView, UnitViews } from './units.ts';

type EnergyStatus = NonNullable<DistillationJobStatus['energy']>;

/** The energy of all units that have ended, known only when every one of them had a meter. */
export function energyOf(units: UnitViews, outside: SeenFromOutside = {}): EnergyStatus {
  const all = [units.prepare, ...units.distill, units.finetune];
  const input = seenFromOutside(all.flatMap(meteredUnit), all, outside);
  const account = energyFigures(energyAccountOf(input));
  const remarks = [account.reason, ...outsideRemarks(input, all, outside)].filter(Boolean);
  const figures = remarks.length === 0 ? account : { ...account, reason: remarks.join(' ') };
  const unread = all.reduce((total, unit) => total + repetitions(unit), 0);
  if (figures.joules === undefined || unread === 0) return rounded(figures);
  const attempts = unread === 1 ? '1 attempt' : `${unread} attempts`;
  const note = `What ${attempts} without a result drew after the last checkpoint is not in it.`;
  // Of what their checkpoints saved it is not known how much is theirs.
  const { retriedJoules: _, ...rest } = figures;
  return rounded({ ...rest, reason: [figures.reason, note].filter(Boolean).join(' ') });
}

/** A result speaks of all attempts up to their last checkpoints, as of one. */
function meteredUnit({ name, attempts, state }: UnitView): MeteredUnit[] {
  if (state.kind === 'Invalid' || state.kind === 'Exhausted') {
    return [{ name, attempts: [{ start: 0, end: 0, committed: false, readings: [] }] }];
  }
  if (state.kind !== 'Done') return [];
  const { platform, joules, joulesReason, startTime, completionTime } = state.result.value;
  const local = attempts.find(({ result }) => result === state.result)?.device;
  const reading = {
    device: local ?? `${platform.device} of ${name}`,
    kind: platform.device,
    model: clip(platform.deviceName, 128),
    joules,
    ...(joulesReason === undefined ? {} : { reason: joulesReason }),
    gaps: 0,
  };
  const [start, end] = [startTime, completionTime].map((time) => Date.parse(time) / 1000) as [number, number];
  return [{ name, attempts: [{ start, end, committed: true, readings: [reading] }] }];
}

/** Attempts at a unit that is done, other than the one that committed. */
function repetitions({ attempts, state }: UnitView): number {
  return state.kind === 'Done' ? attempts.filter(({ result }) => result === undefined).length : 0;
}

function rounded(figures: EnergyStatus): EnergyStatus {
  const { byDevice, reason, formula } = figures;
  const numbers = Object.entries(figures).map(([name, value]) => [
    name,
    typeof value === 'number' ? significant(value) : value,
  ]);
  return {
    ...Object.fromEntries(numbers),
    ...(byDevice === undefined ? {} : { byDevice: byDevice.map(roundedDevice) }),
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

import type { DistillationJobStatus } from '../../crds/status.ts';
import { energyOfKinds, totalOf, type EnergyAccount } from './energy.ts';
import type { DeviceEnergy } from './device-energy.ts';
import type { EnergyKind } from './energy-readings.ts';

type EnergyStatus = NonNullable<DistillationJobStatus['energy']>;

/** The energy of a serial run that took place. */
export interface EnergyBaseline {
  /** What its figures include. */
  readonly coverage: readonly EnergyKind[];
  /** Joules of devices while its units ran on them. */
  readonly used: number;
  /** Joules of all devices of its nodes, from its first unit to its last. */
  readonly dedicatedNode?: number;
}

export interface Comparison {
  /** Of the same stages as the baseline's. */
  readonly ours: EnergyAccount;
  readonly baseline: EnergyBaseline;
  /** Which stages that is, for the formula. Example: distill stage. */
  readonly stages: string;
}

/** As many as the status may list. */
const mostDevices = 64;

/**
 * What the status says of energy, not rounded yet: the two accountings side by side, and what parallel work saved in
 * each. GPS-UP (Abdulsalam, Zong, Gu, Qiu, IGSC 2015): greenup = E1 / EN. The saving is 1 - EN / E1, which is less.
 */
export function energyFigures(account: EnergyAccount, comparison?: Comparison): EnergyStatus {
  const { coverage, used, dedicatedNode, idleReservedJoules, method, gaps, retriedJoules } = account;
  const compared = comparison === undefined ? undefined : savings(comparison);
  const reasons = [...account.reasons, ...(compared?.reasons ?? [])];
  const inUse = account.devices.filter(({ uses }) => uses.length > 0);
  const listed = inUse.some(({ used: each }) => 'joules' in each) ? inUse.slice(0, mostDevices) : [];
  if (listed.length > 0 && listed.length < inUse.length)
    reasons.push(`${listed.length} of ${inUse.length} devices are listed.`);
  const known = coverage.length > 0;
  return {
    ...(known ? { joules: totalOf(used), usedDevices: totalOf(used), coverage: [...coverage], gaps } : {}),
    ...(listed.length === 0 ? {} : { byDevice: listed.map(deviceStatus) }),
    ...(dedicatedNode === undefined ? {} : { dedicatedNode: totalOf(dedicatedNode) }),
    ...(idleReservedJoules === undefined ? {} : { idleReservedJoules }),
    ...(retriedJoules === undefined ? {} : { retriedJoules }),
    ...(known && method !== undefined ? { method } : {}),
    ...compared?.figures,
    ...(reasons.length === 0 ? {} : { reason: reasons.join(' ') }),
  };
}

function deviceStatus({ device, kind, model, used, caveats }: DeviceEnergy) {
  const reason = 'joules' in used ? [...caveats].join(' ') : used.reason;
  return {
    device,
    kind,
    ...(model === undefined ? {} : { model }),
    ...('joules' in used ? { joules: used.joules } : {}),
    ...(reason === '' ? {} : { reason }),
  };
}

interface Savings {
  readonly figures: Partial<EnergyStatus>;
  readonly reasons: readonly string[];
}

/** Both sides within the same boundary: the same stages, and of ours only the kinds of device that the baseline covers. */
function savings({ ours, baseline, stages }: Comparison): Savings {
  const kinds = baseline.coverage;
  const unmetered = kinds.filter((kind) => !ours.coverage.includes(kind));
  const used = energyOfKinds(ours.used, kinds);
  if (kinds.length === 0 || baseline.used <= 0)
    return { figures: {}, reasons: ['The energy of the baseline is unknown.'] };
  if (unmetered.length > 0 || used === undefined || used <= 0) {
    const reason = `The baseline includes ${unmetered.join(' and ')}, this job does not, so they can't be compared.`;
    return { figures: {}, reasons: [reason] };
  }
  const more = ours.coverage.filter((kind) => !kinds.includes(kind));
  const reasons =
    more.length === 0
      ? []
      : [`The baseline was not metered for ${more.join(' and ')}: the saving is of ${kinds.join(' and ')}.`];
  const node = ours.dedicatedNode === undefined ? undefined : energyOfKinds(ours.dedicatedNode, kinds);
  const dedicated =
    node === undefined || node <= 0 || baseline.dedicatedNode === undefined
      ? {}
      : {
          greenupDedicatedNode: baseline.dedicatedNode / node,
          savingPercentDedicatedNode: savingPercent(node, baseline.dedicatedNode),
        };
  const formula = `100 x (1 - EN / E1), EN = ${shown(used)}, E1 = ${shown(baseline.used)}: ${kinds.join(' + ')} in use, ${stages}`;
  const figures = {
    greenup: baseline.used / used,
    savingPercent: savingPercent(used, baseline.used),
    formula,
    ...dedicated,
  };
  return { figures, reasons };
}

function savingPercent(parallel: number, serial: number): number {
  return 100 * (1 - parallel / serial);
}

function shown(joules: number): string {
  return joules >= 1000
    ? `${Number((joules / 1000).toPrecision(4))} kJ`
    : `${Number(joules.toPrecision(4))} J`;
}

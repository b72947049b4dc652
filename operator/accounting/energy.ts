import { deviceEnergies, sumOf, type DeviceEnergy, type Joules } from './device-energy.ts';
import {
  energyKinds,
  type EnergyInput,
  type EnergyKind,
  type EnergyMethod,
  type MeteredAttempt,
  type MeteredUnit,
} from './energy-readings.ts';

/** Joules by what drew them; a kind that is not covered is absent. */
export type JoulesByKind = Readonly<Partial<Record<EnergyKind, number>>>;

export interface EnergyAccount {
  /** What every unit was metered for: only that is in the figures. Empty: nothing is known. */
  readonly coverage: readonly EnergyKind[];
  /** Of devices while units ran on them, all attempts included. */
  readonly used: JoulesByKind;
  /** Of all devices of the nodes, idle ones included: `used` and what was idle. Absent where a covered kind is not seen. */
  readonly dedicatedNode?: JoulesByKind;
  /** Of reserved GPUs while no unit ran on them. */
  readonly idleReservedJoules?: number;
  /** Of `used`, the part of attempts that ended without a result. Absent when it can't be told apart. */
  readonly retriedJoules?: number;
  /** Each unit's part of `used`, as far as it is of devices that units had to themselves. */
  readonly units: readonly { readonly name: string; readonly joules: number }[];
  /** The kinds that `units` and `retriedJoules` speak of. */
  readonly attributable: readonly EnergyKind[];
  readonly devices: readonly DeviceEnergy[];
  /** `Counter` only where every figure is from one; absent where a meter did not say. */
  readonly method?: EnergyMethod;
  readonly gaps: number;
  /** Sentences: why figures are missing, and what speaks against those that are there. */
  readonly reasons: readonly string[];
}

/**
 * What units drew, by the rules of the design (section 5): nothing is guessed, and nothing counts twice.
 *
 * A device's energy is that of its attempts' own meters. Where several attempts overlap on a device, as on a CPU package,
 * each of their meters has read the joules of all, so only a node-wide source tells; it also fills in for a meter that
 * could not be read. With such a source, used and idle energy of a device add up to its energy in the windows.
 */
export function energyAccountOf(input: EnergyInput): EnergyAccount {
  const attempts = input.units.flatMap((unit) => unit.attempts);
  if (attempts.length === 0) return { ...nothing, reasons: ['No unit has ended.'] };
  const devices = deviceEnergies(input);
  const metered = energyKinds.filter((kind) => isMetered(kind, attempts));
  const missing = metered.flatMap((kind) => {
    const reason = whyMissing(kind, attempts, devices);
    return reason === undefined ? [] : [{ kind, reason }];
  });
  const coverage = metered.filter((kind) => missing.every((each) => each.kind !== kind));
  const covered = devices.filter(({ kind }) => coverage.includes(kind));
  const dedicatedNode = dedicatedNodeOf(coverage, covered);
  const idleReserved = idleReservedOf(devices);
  const attributable = coverage.filter((kind) =>
    covered.every((device) => device.kind !== kind || device.uses.every(({ by }) => by.length === 1)),
  );
  const own = covered.filter(({ kind }) => attributable.includes(kind));
  const methods = new Set(covered.flatMap((device) => [...device.methods]));
  const retried = retriedOf(attempts, { coverage, attributable, own });
  return {
    coverage,
    used: byKind(coverage, covered, ({ used }) => used) ?? {},
    ...('joules' in dedicatedNode ? { dedicatedNode: dedicatedNode.joules } : {}),
    ...('joules' in idleReserved ? { idleReservedJoules: idleReserved.joules } : {}),
    ...('joules' in retried ? { retriedJoules: retried.joules } : {}),
    units: attributable.length === 0 ? [] : input.units.map((unit) => unitJoules(unit, own)),
    attributable,
    devices,
    ...(methods.size === 0 || methods.has(undefined)
      ? {}
      : { method: methods.has('SampledPower') ? 'SampledPower' : 'Counter' }),
    gaps: covered.reduce((total, { gaps }) => total + gaps, 0),
    reasons: [
      ...(metered.length === 0 ? ['No attempt left a reading.'] : []),
      ...missing.map(({ kind, reason }) => `${kind}: ${reason}`),
      ...('reason' in dedicatedNode && input.nodeWide !== undefined ? [dedicatedNode.reason] : []),
      ...('reason' in idleReserved && idleReserved.reason !== '' ? [idleReserved.reason] : []),
      ...('reason' in retried && retried.reason !== '' ? [retried.reason] : []),
      ...covered.flatMap(({ doubt }) => (doubt === undefined ? [] : [doubt])),
    ],
  };
}

const nothing = {
  coverage: [],
  used: {},
  units: [],
  attributable: [],
  devices: [],
  gaps: 0,
} as const satisfies Partial<EnergyAccount>;

/** Some attempt at least said something of it, be it that it could not be read. */
function isMetered(kind: EnergyKind, attempts: readonly MeteredAttempt[]): boolean {
  return attempts.some(({ readings }) => readings.some((reading) => reading.kind === kind));
}

/**
 * Why a kind is not in the figures; undefined when it is. Every unit runs on a CPU, but only some have a GPU: those
 * without one drew nothing of it.
 */
function whyMissing(
  kind: EnergyKind,
  attempts: readonly MeteredAttempt[],
  devices: readonly DeviceEnergy[],
): string | undefined {
  const blind = attempts.filter(
    ({ readings }) =>
      readings.length === 0 || (kind !== 'GPU' && readings.every((reading) => reading.kind !== kind)),
  ).length;
  if (blind > 0) return `${blind} of ${attempts.length} attempts left no reading.`;
  const used = sumOf(devices.filter((device) => device.kind === kind).map((device) => device.used));
  return 'reason' in used ? used.reason : undefined;
}

function byKind(
  coverage: readonly EnergyKind[],
  devices: readonly DeviceEnergy[],
  energyOf: (device: DeviceEnergy) => Joules,
): JoulesByKind | undefined {
  const sums = coverage.map(
    (kind) => [kind, sumOf(devices.filter((device) => device.kind === kind).map(energyOf))] as const,
  );
  if (sums.some(([, sum]) => 'reason' in sum)) return undefined;
  return Object.fromEntries(sums.map(([kind, sum]) => [kind, 'joules' in sum ? sum.joules : 0]));
}

function dedicatedNodeOf(
  coverage: readonly EnergyKind[],
  covered: readonly DeviceEnergy[],
): { joules: JoulesByKind } | { reason: string } {
  if (coverage.length === 0) return { reason: 'No device is covered.' };
  const unseen = covered.filter(({ idle }) => idle === undefined);
  if (unseen.length > 0) {
    const names = unseen.map(({ device }) => device).join(', ');
    return { reason: `The energy of whole nodes is unknown: the node-wide source does not see ${names}.` };
  }
  const total = ({ used, idle = unseenReason }: DeviceEnergy): Joules => sumOf([used, idle]);
  const joules = byKind(coverage, covered, total);
  if (joules !== undefined) return { joules };
  const unknown = covered.map(total).find((each) => 'reason' in each);
  return { reason: `The energy of whole nodes is unknown: ${unknown?.reason ?? ''}` };
}

const unseenReason = { reason: 'No node-wide source sees it.' };

function idleReservedOf(devices: readonly DeviceEnergy[]): Joules {
  const reserved = devices.flatMap(({ device, idleReserved }) =>
    idleReserved === undefined ? [] : [{ device, idleReserved }],
  );
  if (reserved.length === 0) return { reason: '' };
  for (const { device, idleReserved } of reserved) {
    if ('reason' in idleReserved)
      return { reason: `The idle energy of ${device} is unknown: ${idleReserved.reason}` };
  }
  return sumOf(reserved.map(({ idleReserved }) => idleReserved));
}

function unitJoules({ name, attempts }: MeteredUnit, devices: readonly DeviceEnergy[]) {
  return { name, joules: joulesOf(devices, (attempt) => attempts.includes(attempt)) };
}

function retriedOf(
  attempts: readonly MeteredAttempt[],
  {
    coverage,
    attributable,
    own,
  }: Pick<EnergyAccount, 'coverage' | 'attributable'> & { readonly own: readonly DeviceEnergy[] },
): Joules {
  if (coverage.length === 0) return { reason: '' };
  if (attempts.every(({ committed }) => committed)) return { joules: 0 };
  if (attributable.length === coverage.length)
    return { joules: joulesOf(own, ({ committed }) => !committed) };
  const shared = coverage.filter((kind) => !attributable.includes(kind)).join(' and ');
  return { reason: `What attempts without a result drew can't be told apart: units shared the ${shared}.` };
}

/** Joules of the uses by some attempts, on devices where every use is by one attempt and known. */
function joulesOf(devices: readonly DeviceEnergy[], of: (attempt: MeteredAttempt) => boolean): number {
  const energies = devices.flatMap(({ uses }) =>
    uses.flatMap(({ by, energy }) => (by.some(of) && 'joules' in energy ? [energy.joules] : [])),
  );
  return energies.reduce((total, joules) => total + joules, 0);
}

export function totalOf(joules: JoulesByKind): number {
  return Object.values(joules).reduce((total, each) => total + each, 0);
}

/** Joules of some kinds; undefined when one of them is not covered. */
export function energyOfKinds(joules: JoulesByKind, kinds: readonly EnergyKind[]): number | undefined {
  const parts = kinds.map((kind) => joules[kind]);
  return parts.reduce<number | undefined>(
    (total, part) => (total === undefined || part === undefined ? undefined : total + part),
    0,
  );
}

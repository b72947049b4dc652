import type {
  EnergyInput,
  EnergyKind,
  EnergyMethod,
  EnergyReading,
  MeteredAttempt,
} from './energy-readings.ts';
import { coveredSeconds, subtract, union, type Interval } from './intervals.ts';
import type { PowerSeries } from './power.ts';

/** A known number of joules, or why it isn't known. */
export type Joules = { readonly joules: number } | { readonly reason: string };

/** A stretch of time in which a device was used: by one attempt, or by several that overlap. */
export interface Use {
  readonly stretches: readonly Interval[];
  readonly by: readonly MeteredAttempt[];
  readonly energy: Joules;
}

/** What is known of one device. */
export interface DeviceEnergy {
  readonly device: string;
  readonly kind: EnergyKind;
  readonly model?: string;
  readonly uses: readonly Use[];
  /** While attempts ran on it. */
  readonly used: Joules;
  /** In the rest of the windows of a node-wide source; absent without one that sees it. */
  readonly idle?: Joules;
  /** While it was reserved and no attempt ran on it; absent when it was not reserved. */
  readonly idleReserved?: Joules;
  /** What its figures are from; with undefined in it, a meter did not say. */
  readonly methods: ReadonlySet<EnergyMethod | undefined>;
  readonly gaps: number;
  /** Sentences: what to bear in mind about its joules. */
  readonly caveats: ReadonlySet<string>;
  /** Its own readings differ from the node-wide source by so much that one of them is wrong. */
  readonly doubt?: string;
}

interface DeviceFacts {
  readonly device: string;
  readonly kind: EnergyKind;
  readonly model?: string;
  readonly readings: readonly (EnergyReading & { readonly attempt: MeteredAttempt })[];
  readonly power?: PowerSeries;
  readonly windows?: readonly Interval[];
}

/** Counter and integrated power of one device agree better than this, unless one of them is wrong. */
const mostDifference = 0.1;

/** The energy of every device that an attempt ran on, that was reserved, or that a node-wide source sees. */
export function deviceEnergies(input: EnergyInput): DeviceEnergy[] {
  return gathered(input).map((facts) => {
    const collected = nothingCollected();
    const uses = usesOf(facts, collected);
    const busy = uses.flatMap(({ stretches }) => stretches);
    const { device, kind, model, power } = facts;
    const windows = facts.windows ?? input.nodeWide?.windows ?? [];
    const reserved = (input.reservations ?? []).filter((each) => each.device === device);
    const doubt = doubtOf(facts, uses);
    return {
      device,
      kind,
      ...(model === undefined ? {} : { model }),
      uses,
      used: sumOf(uses.map(({ energy }) => energy)),
      ...(power === undefined ? {} : { idle: polled(power, subtract(windows, busy), collected) }),
      ...(reserved.length === 0 ? {} : { idleReserved: idleReserved(power, subtract(reserved, busy)) }),
      ...collected,
      ...(doubt === undefined ? {} : { doubt }),
    };
  });
}

/** What is found out beside joules while a device's energy is put together. */
interface Collected {
  readonly methods: Set<EnergyMethod | undefined>;
  readonly caveats: Set<string>;
  gaps: number;
}

function nothingCollected(): Collected {
  return { methods: new Set(), caveats: new Set(), gaps: 0 };
}

function gathered({ units, reservations = [], nodeWide }: EnergyInput): DeviceFacts[] {
  const readings = units.flatMap(({ attempts }) =>
    attempts.flatMap((attempt) => attempt.readings.map((reading) => ({ ...reading, attempt }))),
  );
  const seen = nodeWide?.devices ?? [];
  const names = new Set([...readings, ...seen, ...reservations].map(({ device }) => device));
  return [...names].map((device) => {
    const own = readings.filter((reading) => reading.device === device);
    const source = seen.find((each) => each.device === device);
    const model = own.find((reading) => reading.model !== undefined)?.model ?? source?.model;
    return {
      device,
      kind: source?.kind ?? own[0]?.kind ?? 'GPU',
      ...(model === undefined ? {} : { model }),
      readings: own,
      ...(source === undefined ? {} : { power: source.power }),
      ...(source?.windows === undefined ? {} : { windows: source.windows }),
    };
  });
}

function usesOf({ readings, power }: DeviceFacts, collected: Collected): Use[] {
  return clusters(readings).map((cluster) => {
    const stretches = union(cluster.flatMap(({ attempt }) => stretchesOf(attempt)));
    return {
      stretches,
      by: cluster.map(({ attempt }) => attempt),
      energy: energyOfUse(cluster, { stretches, power }, collected),
    };
  });
}

/**
 * The meter of the one attempt that ran, else the node-wide source, else unknown: two meters read the same joules. What
 * others may have had a part in is not attributable, whoever reads it.
 */
function energyOfUse(
  cluster: DeviceFacts['readings'],
  { stretches, power }: { stretches: readonly Interval[]; power: PowerSeries | undefined },
  collected: Collected,
): Joules {
  const [first, second] = cluster;
  const shared = cluster.find((reading) => reading.shared === true);
  if (shared !== undefined) return { reason: sentence(shared.reason ?? 'others may have run on it') };
  const alone = second === undefined ? first : undefined;
  if (alone !== undefined && alone.joules !== null) {
    collected.methods.add(alone.method);
    collected.gaps += alone.gaps;
    if (alone.reason !== undefined) collected.caveats.add(sentence(alone.reason));
    return { joules: alone.joules };
  }
  if (power !== undefined) return polled(power, stretches, collected);
  const unread = cluster.find(({ joules }) => joules === null);
  if (unread !== undefined) return { reason: sentence(unread.reason ?? 'it was not read') };
  return { reason: 'several units ran on it at once, and only a node-wide source tells what it drew.' };
}

function polled(power: PowerSeries, intervals: readonly Interval[], collected: Collected): Joules {
  const energies = intervals.map((interval) => power.energyOf(interval));
  collected.methods.add(power.method ?? 'SampledPower');
  collected.gaps += energies.reduce((total, { gaps }) => total + gaps, 0);
  return sumOf(energies.map(asJoules));
}

/** Only a source that sees the device while no unit runs on it can say. */
function idleReserved(power: PowerSeries | undefined, idle: readonly Interval[]): Joules {
  if (power !== undefined) return polled(power, idle, nothingCollected());
  return coveredSeconds(idle) === 0 ? { joules: 0 } : { reason: 'No node-wide source sees it.' };
}

function doubtOf({ device, readings, power }: DeviceFacts, uses: readonly Use[]): string | undefined {
  if (power === undefined) return undefined;
  let [own, source] = [0, 0];
  for (const use of uses) {
    const reading = use.by.length === 1 ? readings.find(({ attempt }) => attempt === use.by[0]) : undefined;
    const other = sumOf(use.stretches.map((each) => asJoules(power.energyOf(each))));
    if (reading === undefined || reading.joules === null || 'reason' in other) continue;
    own += reading.joules;
    source += other.joules;
  }
  if (Math.abs(own - source) <= mostDifference * Math.max(own, source)) return undefined;
  return `The units' meters read ${own.toFixed(0)} J on ${device}, its polled power adds up to ${source.toFixed(0)} J.`;
}

function asJoules({ joules, reason = 'It was not polled.' }: ReturnType<PowerSeries['energyOf']>): Joules {
  return joules === null ? { reason } : { joules };
}

/** What a meter says may be a word or two. */
function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function stretchesOf({ start, end, stretches }: MeteredAttempt): readonly Interval[] {
  return stretches ?? [{ start, end }];
}

/** Readings in groups that overlap in time, directly or through others, in order. */
function clusters(readings: DeviceFacts['readings']): DeviceFacts['readings'][] {
  const spans = readings
    .flatMap((reading) => stretchesOf(reading.attempt).map(({ start, end }) => ({ start, end, reading })))
    .toSorted((a, b) => a.start - b.start);
  let groups: { readonly readings: DeviceFacts['readings']; readonly end: number }[] = [];
  for (const { start, end, reading } of spans) {
    const near = groups.filter((group) => group.end > start || group.readings.includes(reading));
    const joined = {
      readings: [...new Set([...near.flatMap((group) => group.readings), reading])],
      end: Math.max(end, ...near.map((group) => group.end)),
    };
    groups = [...groups.filter((group) => !near.includes(group)), joined];
  }
  return groups.map((group) => group.readings);
}

/** Known when each one is. */
export function sumOf(parts: readonly Joules[]): Joules {
  let joules = 0;
  for (const part of parts) {
    if ('reason' in part) return part;
    joules += part.joules;
  }
  return { joules };
}

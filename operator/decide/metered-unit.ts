import type { EnergyFacts, UnitFacts } from '../../worker/contract/unit-facts.ts';
import type { EnergyReading, MeteredAttempt, MeteredUnit } from '../accounting/energy-readings.ts';
import type { ObservedAttempt } from './observed.ts';
import { clip } from './text.ts';
import type { UnitView } from './units.ts';

/**
 * The attempts at a unit as the accounting sees them: the one that has committed, and, as one, those that it went on from.
 * Empty for a unit that has not ended.
 */
export function meteredUnit(unit: UnitView): MeteredUnit[] {
  const { name, state } = unit;
  if (state.kind === 'Invalid' || state.kind === 'Exhausted') {
    return [{ name, attempts: [{ start: 0, end: 0, committed: false, readings: [] }] }];
  }
  if (state.kind !== 'Done') return [];
  const { value } = state.result;
  const own = committerOf(unit, value);
  const place: Place =
    own === undefined ? { unknown: 'where the attempt ran is not known any more' } : { node: own.node };
  const committed = {
    start: secondsOf(new Date(value.startTime)),
    end: secondsOf(new Date(value.completionTime)),
    committed: true,
    readings: value.energy.map((reading) => readingAt(place, name, reading)),
  };
  const earlierEnergy = earlierEnergyOf(value);
  if (earlierEnergy === undefined) return [{ name, attempts: [committed] }];
  return [{ name, attempts: [earlierAttempts(unit, own, earlierEnergy), committed] }];
}

/** What checkpoints say of the attempts that a result's own has gone on from. */
export function earlierEnergyOf(value: UnitFacts): EnergyFacts | undefined {
  return value.stage === 'Prepare' ? undefined : value.earlierEnergy;
}

/**
 * The attempt that did the work. Another one may have the result, which it only found and said again; what names the
 * worker in it is unknown to the cluster, so the time tells.
 */
export function committerOf({ attempts }: UnitView, value: UnitFacts): ObservedAttempt | undefined {
  const start = new Date(value.startTime);
  return attempts.findLast(({ startTime }) => startTime !== undefined && startTime <= start);
}

/** Where a processor is that has only a number. */
type Place =
  /** Without a node, on this machine. */
  { readonly node: string | undefined } | { readonly unknown: string };

/** From the first one's start to the last one's end: when each one ran on which device, their checkpoint doesn't say. */
function earlierAttempts(
  { name, attempts }: UnitView,
  own: ObservedAttempt | undefined,
  energy: EnergyFacts,
): MeteredAttempt {
  const earlier = attempts.filter(({ number }) => own !== undefined && number < own.number);
  const starts = earlier.flatMap(({ startTime }) => startTime ?? []).map(secondsOf);
  const ends = earlier.flatMap(({ endTime }) => endTime ?? []).map(secondsOf);
  const known = starts.length > 0 && ends.length > 0;
  const nodes = new Set(earlier.map(({ node }) => node));
  const place: Place = !known
    ? { unknown: 'when and where earlier attempts ran is not known any more' }
    : nodes.size > 1
      ? { unknown: 'earlier attempts ran on several nodes' }
      : { node: [...nodes][0] };
  return {
    // Before everything else, so that it overlaps with nothing: no card is used by two pods without its meter seeing it.
    ...(known ? { start: Math.min(...starts), end: Math.max(...ends) } : { start: 0, end: 0 }),
    committed: false,
    readings: energy.map((reading) => readingAt(place, `earlier attempts at ${name}`, reading)),
  };
}

/** @param owner whose device it is, where it has no identity */
function readingAt(place: Place, owner: string, reading: EnergyFacts[number]): EnergyReading {
  const { kind, model, joules, method, gaps, sharing } = reading;
  const isProcessor = kind !== 'GPU';
  // Others may have read the same joules, and nobody would notice.
  const unplaced = isProcessor && 'unknown' in place && joules !== null;
  const reason = unplaced ? place.unknown : reasonOf(reading);
  return {
    device: isProcessor ? processorName(place, owner, reading.device) : gpuName(owner, reading.device),
    kind,
    ...(model === undefined ? {} : { model: clip(model, 128) }),
    joules: unplaced ? null : joules,
    ...(method === undefined ? {} : { method }),
    gaps,
    ...(sharing === 'Shared' ? { shared: true } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The meter names a card that it could not find only by its kind. */
function gpuName(owner: string, device: string): string {
  return device === 'GPU' ? `GPU of ${owner}` : device;
}

function processorName(place: Place, owner: string, device: string): string {
  if ('unknown' in place) return `${device} of ${owner}`;
  return place.node === undefined ? device : `${place.node}/${device}`;
}

function reasonOf({ joules, sharing, reason }: EnergyFacts[number]): string | undefined {
  const unsure =
    joules !== null && sharing === 'Unknown' ? "whether others ran on it can't be told" : undefined;
  const all = [reason, unsure].filter((each) => each !== undefined);
  return all.length === 0 ? undefined : all.join('; ');
}

function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}

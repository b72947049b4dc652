import type { EnergyFacts } from '../../worker/contract/unit-facts.ts';
import type { EnergyReading } from '../accounting/energy-readings.ts';
import type { GpuSharing } from './observed.ts';
import { clip } from './text.ts';

/** Where a processor is that has only a number. */
export type Place =
  /** Without a node, on this machine. */
  { readonly node: string | undefined } | { readonly unknown: string };

export interface ReadingContext {
  readonly place: Place;
  /** Whose device it is, where it has no identity. */
  readonly owner: string;
  /** As the cluster says it: a worker can't see that others were given the same GPU. */
  readonly sharing: GpuSharing | undefined;
}

/** A worker's readings as the accounting takes them: devices have names of their own everywhere, and nothing is shared. */
export function readingsOf(readings: EnergyFacts, context: ReadingContext): EnergyReading[] {
  return readings.map((reading) => readingAt(context, reading));
}

function readingAt({ place, owner, sharing }: ReadingContext, reading: EnergyFacts[number]): EnergyReading {
  const { kind, model, joules, method, gaps } = reading;
  const isProcessor = kind !== 'GPU';
  // Others may have read the same joules, and nobody would notice.
  const unplaced = isProcessor && 'unknown' in place && joules !== null;
  const told = isProcessor ? undefined : sharing;
  const isShared = told?.kind === 'Shared' || reading.sharing === 'Shared';
  const reason = unplaced ? place.unknown : reasonOf(reading, told);
  return {
    device: isProcessor ? processorName(place, owner, reading.device) : gpuName(owner, reading.device),
    kind,
    ...(model === undefined ? {} : { model: clip(model, 128) }),
    joules: unplaced || isShared ? null : joules,
    ...(method === undefined ? {} : { method }),
    gaps,
    ...(isShared ? { shared: true } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

function reasonOf({ joules, sharing, reason }: EnergyFacts[number], told: GpuSharing | undefined) {
  if (told?.kind === 'Shared') return `not attributable: ${told.reason}`;
  const isUnsure = joules !== null && sharing === 'Unknown' && told?.kind !== 'None';
  const all = [reason, isUnsure ? "whether others ran on it can't be told" : undefined];
  const said = all.filter((each) => each !== undefined);
  return said.length === 0 ? undefined : said.join('; ');
}

/** The meter names a card that it could not find only by its kind. */
function gpuName(owner: string, device: string): string {
  return device === 'GPU' ? `GPU of ${owner}` : device;
}

function processorName(place: Place, owner: string, device: string): string {
  if ('unknown' in place) return `${device} of ${owner}`;
  return place.node === undefined ? device : `${place.node}/${device}`;
}

import type { EnergyInput, MeteredUnit, NodeWideSource } from '../accounting/energy-readings.ts';
import { subtract, type Interval } from '../accounting/intervals.ts';
import type { GpuSharing, NodeWide, ObservedAttempt } from './observed.ts';
import { sentence } from './text.ts';

/** What is known of the devices beside what the units' own meters say. */
export interface SeenFromOutside {
  readonly nodeWide?: NodeWide | undefined;
  readonly suspensions?: readonly Interval[];
}

/** A unit with what is observed of its attempts. */
interface UnitAttempts {
  readonly name: string;
  readonly attempts: readonly Pick<ObservedAttempt, 'sharing'>[];
}

/**
 * The units' readings, with those of shared GPUs taken out, and what a node-wide source sees in the time that the nodes
 * were there for the job: from the first unit to the last, without suspensions.
 */
export function seenFromOutside(
  metered: readonly MeteredUnit[],
  units: readonly UnitAttempts[],
  { nodeWide, suspensions = [] }: SeenFromOutside,
): EnergyInput {
  const attributed = metered.map((unit) => withoutShared(unit, sharingOf(unit.name, units)));
  if (nodeWide === undefined || nodeWide.devices.length === 0) return { units: attributed };
  const windows = windowsOf(metered, suspensions);
  return {
    units: attributed,
    nodeWide: { windows, devices: nodeWide.devices } satisfies NodeWideSource,
    reservations: nodeWide.reserved.flatMap((device) => windows.map((window) => ({ device, ...window }))),
  };
}

/** Sentences: what speaks against figures, or is missing, as it is seen from outside. */
export function outsideRemarks(
  input: EnergyInput,
  units: readonly UnitAttempts[],
  { nodeWide }: SeenFromOutside,
): readonly string[] {
  const unsure = input.units.flatMap(({ name, attempts }) => {
    const sharing = sharingOf(name, units);
    const isCounted = attempts.some(({ readings }) =>
      readings.some(({ kind, joules }) => kind === 'GPU' && joules !== null),
    );
    return sharing?.kind === 'Unknown' && isCounted ? [sharing.reason] : [];
  });
  return [
    ...(unsure[0] === undefined ? [] : [sentence(`Whether others used the GPUs is unknown: ${unsure[0]}`)]),
    ...(nodeWide?.problems ?? []),
  ];
}

/** Of all its attempts: the readings of a unit don't say which of them they are of. */
function sharingOf(name: string, units: readonly UnitAttempts[]): GpuSharing | undefined {
  const all = units.find((unit) => unit.name === name)?.attempts.map(({ sharing }) => sharing) ?? [];
  return (
    all.find((each) => each?.kind === 'Shared') ??
    all.find((each) => each?.kind === 'Unknown') ??
    all.find((each) => each !== undefined)
  );
}

function withoutShared(unit: MeteredUnit, sharing: GpuSharing | undefined): MeteredUnit {
  if (sharing?.kind !== 'Shared') return unit;
  const reason = `not attributable: ${sharing.reason}`;
  const attempts = unit.attempts.map((attempt) => ({
    ...attempt,
    readings: attempt.readings.map((reading) =>
      reading.kind === 'GPU' ? { ...reading, joules: null, shared: true, reason } : reading,
    ),
  }));
  return { ...unit, attempts };
}

function windowsOf(metered: readonly MeteredUnit[], suspensions: readonly Interval[]): Interval[] {
  const intervals = metered.flatMap(({ attempts }) => attempts.filter(({ start, end }) => end > start));
  if (intervals.length === 0) return [];
  const start = Math.min(...intervals.map((each) => each.start));
  const end = Math.max(...intervals.map((each) => each.end));
  return subtract([{ start, end }], suspensions);
}

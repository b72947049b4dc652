import { energyKinds, type EnergyInput, type EnergyKind } from '../accounting/energy-readings.ts';
import { subtract, type Interval } from '../accounting/intervals.ts';
import { meteredUnit, type AttemptSeen, type UnitSeen } from './metered-unit.ts';
import type { NodeWide } from './observed.ts';
import { seenByOthers } from './seen-by-others.ts';
import { sentence } from './text.ts';
import type { UnitView } from './units.ts';

/** What is known of the devices beside what the units' own meters say. */
export interface SeenFromOutside {
  readonly nodeWide?: NodeWide | undefined;
  readonly suspensions?: readonly Interval[];
}

/** A unit of which not all attempts' energy is in the figures. */
export interface PartlySeen {
  readonly name: string;
  /** How many attempts, or pods of one, are not in it as a whole. */
  readonly attempts: number;
  /** Whether a checkpoint says what they drew until then. */
  readonly told: boolean;
}

/** What units drew as far as anybody has seen it. */
export interface EnergySeen {
  readonly input: EnergyInput;
  readonly partly: readonly PartlySeen[];
  /** Sentences: what speaks against figures, or is missing, as it is seen from outside. */
  readonly remarks: readonly string[];
}

/**
 * The units' own readings, and what a node-wide source sees in the time that the nodes were there for the job: from the
 * first unit to the last, without suspensions. It stands in for meters that died with their workers.
 */
export function energySeen(views: readonly UnitView[], outside: SeenFromOutside = {}): EnergySeen {
  const units = views.flatMap(meteredUnit);
  const kinds = kindsMetered(units);
  const whole = units.map((unit) => ({ unit, ...attemptsOf(unit, { kinds, nodeWide: outside.nodeWide }) }));
  const seen = whole.map(({ unit: { name }, attempts }) => ({ name, attempts }));
  return {
    input: { units: seen, ...nodeWideOf(seen, outside) },
    partly: whole.flatMap(({ partly }) => partly ?? []),
    remarks: remarksOn(seen, outside),
  };
}

/** What some unit at least knows about itself. */
function kindsMetered(units: readonly UnitSeen[]): readonly EnergyKind[] {
  const readings = units
    .flatMap(({ attempts }) => attempts.flatMap((attempt) => attempt.readings))
    .filter(({ joules }) => joules !== null);
  return energyKinds.filter((each) => readings.some(({ kind }) => kind === each));
}

interface Sight {
  readonly kinds: readonly EnergyKind[];
  readonly nodeWide: NodeWide | undefined;
}

function attemptsOf(
  { name, attempts, lost }: UnitSeen,
  sight: Sight,
): { readonly attempts: readonly AttemptSeen[]; readonly partly?: PartlySeen } {
  const { runs, unknown, told, isWhole } = lost;
  const count = runs.length + unknown;
  // A checkpoint that was gone on from counts though nothing else is left of those who wrote it. What never ran drew nothing.
  if (isWhole || count === 0) {
    return { attempts: told === undefined ? attempts : [told, ...attempts] };
  }
  const seen = unknown > 0 ? undefined : seenByOthers(runs, sight);
  if (seen !== undefined) return { attempts: [...seen, ...attempts] };
  // A unit that has failed for good has nothing but these.
  if (attempts.length === 0) return { attempts: [blind] };
  const partly = { name, attempts: count, told: told !== undefined };
  return { attempts: told === undefined ? attempts : [told, ...attempts], partly };
}

const blind: AttemptSeen = { start: 0, end: 0, committed: false, readings: [] };

function nodeWideOf(
  units: readonly { readonly attempts: readonly AttemptSeen[] }[],
  { nodeWide, suspensions = [] }: SeenFromOutside,
): Pick<EnergyInput, 'nodeWide' | 'reservations'> {
  const attempts = units.flatMap((unit) => unit.attempts).filter(({ start, end }) => end > start);
  if (nodeWide === undefined || nodeWide.devices.length === 0 || attempts.length === 0) return {};
  const from = (those: readonly AttemptSeen[]): readonly Interval[] => {
    const start = Math.min(...those.map((each) => each.start));
    const end = Math.max(...attempts.map((each) => each.end));
    return those.length === 0 ? [] : subtract([{ start, end }], suspensions);
  };
  const windows = from(attempts);
  // A node of a cluster is there for the job from the first unit on that has one of its GPUs.
  const devices = nodeWide.devices.map((device) =>
    device.node === undefined
      ? device
      : { ...device, windows: from(attempts.filter((each) => each.node === device.node && hasGpu(each))) },
  );
  return {
    nodeWide: { windows, devices },
    reservations: nodeWide.reserved.flatMap((device) => windows.map((window) => ({ device, ...window }))),
  };
}

function hasGpu({ readings }: AttemptSeen): boolean {
  return readings.some(({ kind }) => kind === 'GPU');
}

function remarksOn(
  units: readonly { readonly attempts: readonly AttemptSeen[] }[],
  { nodeWide }: SeenFromOutside,
): readonly string[] {
  const unsure = units
    .flatMap(({ attempts }) => attempts)
    .find(
      ({ sharing, readings, committed }) =>
        sharing?.kind === 'Unknown' &&
        // Without joules of its own, another source has filled in for one that was lost.
        readings.some(({ kind, joules }) => kind === 'GPU' && (joules !== null || !committed)),
    )?.sharing;
  return [
    ...(unsure?.kind === 'Unknown'
      ? [sentence(`Whether others used the GPUs is unknown: ${unsure.reason}`)]
      : []),
    ...(nodeWide?.problems ?? []),
  ];
}

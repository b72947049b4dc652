import type { EnergyFacts, UnitFacts } from '../../worker/contract/unit-facts.ts';
import type { EnergyReading, MeteredAttempt, MeteredUnit } from '../accounting/energy-readings.ts';
import type { GpuSharing } from './observed.ts';
import { readingsOf, type Place } from './readings-of.ts';
import { hasEnded, workingRun, type EndedRun } from './runs.ts';
import type { UnitView } from './units.ts';
import { unknownRuns } from './whole-attempts.ts';

/** What meters say of an attempt, and where it ran. */
export interface AttemptSeen extends MeteredAttempt {
  readonly node?: string | undefined;
  readonly sharing?: GpuSharing | undefined;
}

/** Runs of a unit beside the one that has done its work. */
export interface LostRuns {
  readonly runs: readonly EndedRun[];
  /** Of further ones it is not even known when they ran. */
  readonly unknown: number;
  /** What a checkpoint has saved of what they drew, all together. */
  readonly told: AttemptSeen | undefined;
  /** Whether that is of all their time. */
  readonly isWhole: boolean;
}

export interface UnitSeen extends MeteredUnit {
  /** The run that has done the work. Empty where there is none. */
  readonly attempts: readonly AttemptSeen[];
  readonly lost: LostRuns;
}

/** A worker's meter begins when TensorFlow is loaded, in every attempt. */
const startUpSeconds = 5;

/** Of a unit's time, for which the energy may be missing without the rest being called a part. */
const mostMissing = 0.1;

/** A unit as the accounting sees it, from its own meters. Empty for one that has not ended. */
export function meteredUnit(unit: UnitView): UnitSeen[] {
  const { name, state } = unit;
  if (state.kind === 'Invalid' || state.kind === 'Exhausted') {
    const runs = unit.runs.filter(hasEnded);
    const lost = { runs, unknown: unknownRuns(unit), told: undefined, isWhole: false };
    return [{ name, attempts: [], lost }];
  }
  if (state.kind !== 'Done') return [];
  const { value } = state.result;
  const own = workingRun(unit, value);
  const place: Place =
    own === undefined ? { unknown: 'where the attempt ran is not known any more' } : { node: own.node };
  const committed: AttemptSeen = {
    start: secondsOf(new Date(value.startTime)),
    end: secondsOf(new Date(value.completionTime)),
    committed: true,
    readings: readingsOf(value.energy, { place, owner: name, sharing: own?.sharing }),
    node: own?.node,
    sharing: own?.sharing,
  };
  return [{ name, attempts: [committed], lost: lostRuns(unit, value) }];
}

/** What checkpoints say of the attempts that a result's own has gone on from. */
export function earlierEnergyOf(value: UnitFacts): EnergyFacts | undefined {
  return value.stage === 'Prepare' ? undefined : value.earlierEnergy;
}

function lostRuns(unit: UnitView, value: UnitFacts): LostRuns {
  const own = workingRun(unit, value);
  const committed = new Date(value.completionTime);
  // What began later has only asked for the result.
  const runs = unit.runs.filter(hasEnded).filter((run) => run !== own && run.start < committed);
  const unknown = unknownRuns(unit);
  const energy = earlierEnergyOf(value);
  if (energy === undefined) return { runs, unknown, told: undefined, isWhole: false };
  const known = Math.min(...energy.map(({ seconds = 0 }) => seconds));
  const ran = runs.reduce((total, { start, end }) => total + secondsOf(end) - secondsOf(start), 0);
  const all = ran + value.seconds;
  const missing = Math.min(startUpSeconds * runs.length, mostMissing * all);
  const isWhole = unknown === 0 && runs.length > 0 && energy.length > 0 && known >= ran - missing;
  return { runs, unknown, told: toldOf(unit.name, runs, energy), isWhole };
}

/** As one attempt: which of the runs drew how much, the checkpoint doesn't say. */
function toldOf(name: string, runs: readonly EndedRun[], energy: EnergyFacts): AttemptSeen {
  const nodes = new Set(runs.map(({ node }) => node));
  const place: Place =
    runs.length === 0
      ? { unknown: 'when and where earlier attempts ran is not known any more' }
      : nodes.size > 1
        ? { unknown: 'earlier attempts ran on several nodes' }
        : { node: [...nodes][0] };
  const sharing = sharingOf(runs);
  const owner = `earlier attempts at ${name}`;
  const readings: EnergyReading[] = readingsOf(energy, { place, owner, sharing });
  const stretches = runs.map(({ start, end }) => ({ start: secondsOf(start), end: secondsOf(end) }));
  return {
    // Before everything else, so that it overlaps with nothing: no card is used by two pods without its meter seeing it.
    start: Math.min(...(runs.length === 0 ? [0] : stretches.map(({ start }) => start))),
    end: Math.max(...(runs.length === 0 ? [0] : stretches.map(({ end }) => end))),
    ...(runs.length > 1 ? { stretches } : {}),
    committed: false,
    readings,
    ...(nodes.size === 1 ? { node: [...nodes][0] } : {}),
    sharing,
  };
}

/** Of several runs, the worst: a reading of all of them doesn't say which it is of. */
function sharingOf(runs: readonly EndedRun[]): GpuSharing | undefined {
  const all = runs.map(({ sharing }) => sharing);
  return (
    all.find((each) => each?.kind === 'Shared') ??
    all.find((each) => each?.kind === 'Unknown') ??
    (all.every((each) => each !== undefined) ? all[0] : undefined)
  );
}

function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}

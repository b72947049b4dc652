import type { EnergyReadings } from '../contract/energy-reading.ts';
import type { EnergySnapshot } from './meter-thread.ts';
import type { SharedText } from './shared-text.ts';

/** A thread that works has written a snapshot ten times in the last second. */
export const stalestSeconds = 3;

/**
 * The last snapshot of a meter, undefined before its first. When the meter has stopped looking, nothing in it says how
 * things are now: there are no joules then, and no state of a GPU.
 */
export function freshSnapshot(text: SharedText | undefined): EnergySnapshot | undefined {
  const written = text?.read();
  if (written === undefined) return undefined;
  const snapshot = JSON.parse(written) as EnergySnapshot;
  const { atSeconds, readings } = snapshot;
  const age = secondsSince(snapshot);
  return age < stalestSeconds ? snapshot : { atSeconds, readings: withoutJoules(readings, notLooked(age)) };
}

/** On the clock that all threads share. */
export function secondsSince({ atSeconds }: EnergySnapshot): number {
  return Number(process.hrtime.bigint()) / 1e9 - atSeconds;
}

export function notLooked(seconds: number): string {
  return `the energy meter has not looked for ${Math.round(seconds)} s`;
}

export function withoutJoules(readings: EnergyReadings, reason: string): EnergyReadings {
  return readings.map((reading) =>
    reading.joules === null ? reading : { ...reading, joules: null, meanWatts: null, reason },
  );
}

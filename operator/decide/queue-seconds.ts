import { coveredSeconds, subtract, type Interval } from '../accounting/intervals.ts';
import type { Run } from './observed.ts';

/**
 * How long some pod of the units waited to begin: for a device, a node, a place in a queue, its image. Part of the time from
 * the first unit's start to the last one's end. Absent where nobody knows since when runs could have begun.
 */
export function queueSeconds(
  units: readonly { readonly runs: readonly Run[] }[],
  suspensions: readonly Interval[],
): { queueSeconds?: number } {
  const runs = units.flatMap((unit) => unit.runs).filter(({ start }) => start !== undefined);
  const starts = runs.flatMap(({ start }) => (start === undefined ? [] : [secondsOf(start)]));
  const waits = runs.flatMap(({ created, start }) =>
    created === undefined || start === undefined
      ? []
      : [{ start: secondsOf(created), end: secondsOf(start) }],
  );
  if (runs.length === 0 || waits.length < runs.length) return {};
  const first = Math.min(...starts);
  const within = waits.map(({ start, end }) => ({ start: Math.max(start, first), end }));
  return { queueSeconds: coveredSeconds(subtract(within, suspensions)) };
}

function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}

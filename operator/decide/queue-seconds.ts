import { coveredSeconds, subtract, type Interval } from '../accounting/intervals.ts';
import type { Run } from './observed.ts';

/**
 * How long some pod of the units waited to begin: for a device, a node, a place in a queue, its image. Part of the time from
 * the first unit's start to the last one's end. Absent where nobody knows since when runs could have begun, or whether one
 * had a pod that nobody saw.
 */
export function queueSeconds(
  units: readonly { readonly runs: readonly Run[] }[],
  suspensions: readonly Interval[],
): { queueSeconds?: number } {
  const all = units.flatMap((unit) => unit.runs);
  const runs = all.filter(({ start }) => start !== undefined);
  const starts = runs.flatMap(({ start }) => (start === undefined ? [] : [secondsOf(start)]));
  const waits = units.flatMap((unit) =>
    [...Map.groupBy(unit.runs, ({ attempt }) => attempt).values()].flatMap(waitsOf),
  );
  if (runs.length === 0 || waits.length < runs.length || all.some(({ isUnseen }) => isUnseen)) return {};
  const first = Math.min(...starts);
  const within = waits.map(({ start, end }) => ({ start: Math.max(start, first), end }));
  return { queueSeconds: coveredSeconds(subtract(within, suspensions)) };
}

/**
 * The waits within one attempt, whose pods follow one another: whoever took a pod away, as a queue that preempts it does,
 * made the unit wait from then on. One that never began is no end of that.
 */
function waitsOf(runs: readonly Run[]): Interval[] {
  const waits: Interval[] = [];
  let since: Date | undefined;
  for (const { created, start, end } of runs.toSorted((a, b) => firstSign(a) - firstSign(b))) {
    since ??= created;
    if (start === undefined) continue;
    if (since !== undefined) waits.push({ start: secondsOf(since), end: secondsOf(start) });
    since = end;
  }
  return waits;
}

function firstSign({ created, start, end }: Run): number {
  return (created ?? start ?? end)?.getTime() ?? 0;
}

function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}

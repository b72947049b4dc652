import type { Trimmed } from './trimmed.ts';
import type { BlockLatency } from './unit-result.ts';

type Row = Readonly<Record<string, unknown>>;

const timed = 'timed.';

/** Its figures as members of the block, each for a column of its own. */
export function latencyToWire(latency: BlockLatency | null | undefined, trimmed: Trimmed): Row {
  if (latency === undefined) return {};
  if (latency === null || trimmed.latency === false) return { latency: null };
  // No median of a few runs has more than three digits that mean anything.
  return Object.fromEntries(
    Object.entries(latency).map(([name, value]) => [`${timed}${name}`, Number(value.toPrecision(3))]),
  );
}

/** The block with its latency again, if it has one. */
export function latencyFromWire(block: Row): Row {
  const isTimed = ([name]: [string, unknown]): boolean => name.startsWith(timed);
  const members = Object.entries(block);
  const latency = members.filter(isTimed).map(([name, value]) => [name.slice(timed.length), value] as const);
  const rest = Object.fromEntries(members.filter((member) => !isTimed(member)));
  return latency.length === 0 ? rest : { ...rest, latency: Object.fromEntries(latency) };
}

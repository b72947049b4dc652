import type { UnitToCreate } from './decision.ts';
import type { Observed } from './observed.ts';
import { predictedUnitSeconds } from './predicted-time.ts';
import { isActive, isDue, nextAttempt, type UnitView } from './units.ts';

/** The units to start now: longest first, as many as there are free places. */
export function decideDispatch(
  units: readonly UnitView[],
  observed: Observed,
  now: Date,
): readonly UnitToCreate[] {
  const { prepared, training } = observed;
  if (prepared === undefined) return [];
  const running = units.flatMap((unit) => unit.attempts).filter(isActive).length;
  return units
    .filter((unit) => isDue(unit, now))
    .map((unit) => ({ unit, seconds: predictedUnitSeconds(unit, prepared, training) }))
    .toSorted((a, b) => b.seconds - a.seconds || a.unit.index - b.unit.index)
    .slice(0, Math.max(0, placesOf(observed) - running))
    .map(({ unit }) => ({ ...nextAttempt(unit), plan: prepared.reference, blocks: unit.blocks }));
}

/** Units that may run at once. */
export function placesOf({ policy, capacity }: Observed): number {
  return Math.min(capacity, policy.maxParallel ?? capacity);
}

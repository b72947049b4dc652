import type { AttemptToRemove } from './decision.ts';
import type { Observed, ObservedAttempt } from './observed.ts';
import { allUnits, isActive, type UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

/**
 * Attempts that must not go on: all of them when the job is over or stands still, those at units that are already done,
 * those that wait with what the user has changed since, and those that are given up for lost. It is decided again until none is left.
 */
export function decideRemovals(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
): readonly AttemptToRemove[] {
  const everything = verdict.kind !== 'Open' || observed.stop !== undefined;
  const done = new Set(
    allUnits(units)
      .filter(({ state }) => state.kind === 'Done')
      .map(({ name }) => name),
  );
  return observed.attempts
    .filter(
      (attempt) =>
        attempt.abandoned === true ||
        (isActive(attempt) &&
          attempt.stopping !== true &&
          (everything || done.has(attempt.unit) || waitsInVain(attempt, observed))),
    )
    .map(({ unit, id }) => ({ unit, id }));
}

/** It has not begun, and the next one would be given something else, which it may have been waiting for. */
function waitsInVain({ state, startTime, revision = 0 }: ObservedAttempt, observed: Observed): boolean {
  return state === 'Pending' && startTime === undefined && revision < (observed.revision ?? 0);
}

/** Seconds until what a finished job has left is cleared away; Infinity when it stays. */
export function secondsToExpiry({ policy, previous }: Observed, now: Date): number {
  const { ttlSecondsAfterFinished: seconds } = policy;
  if (seconds === undefined || previous?.completionTime === undefined) return Infinity;
  return seconds - (now.getTime() - Date.parse(previous.completionTime)) / 1000;
}

import type { AttemptToRemove } from './decision.ts';
import type { Observed } from './observed.ts';
import { isActive, type UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

/**
 * Attempts that must not go on: all of them when the job is over or stands still, those at units that are already done,
 * and those that are given up for lost. It is decided again until none is left.
 */
export function decideRemovals(
  units: UnitViews,
  observed: Observed,
  verdict: Verdict,
): readonly AttemptToRemove[] {
  const everything = verdict.kind !== 'Open' || observed.stop !== undefined;
  const done = new Set(
    [units.prepare, ...units.distill, units.finetune]
      .filter(({ state }) => state.kind === 'Done')
      .map(({ name }) => name),
  );
  return observed.attempts
    .filter(
      (attempt) =>
        attempt.abandoned === true ||
        (isActive(attempt) && attempt.stopping !== true && (everything || done.has(attempt.unit))),
    )
    .map(({ unit, id }) => ({ unit, id }));
}

/** Seconds until what a finished job has left is cleared away; Infinity when it stays. */
export function secondsToExpiry({ policy, previous }: Observed, now: Date): number {
  const { ttlSecondsAfterFinished: seconds } = policy;
  if (seconds === undefined || previous?.completionTime === undefined) return Infinity;
  return seconds - (now.getTime() - Date.parse(previous.completionTime)) / 1000;
}

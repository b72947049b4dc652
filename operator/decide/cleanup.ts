import type { AttemptToRemove } from './decision.ts';
import type { Observed } from './observed.ts';
import { isActive, type UnitViews } from './units.ts';
import type { Verdict } from './verdict.ts';

/**
 * Attempts that must not go on: all of them when the job is over or stands still, and those at units that are already
 * done. It is decided again until none is left.
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
    .filter(isActive)
    .filter((attempt) => attempt.stopping !== true && (everything || done.has(attempt.unit)))
    .map(({ unit, id }) => ({ unit, id }));
}

import { activeSeconds } from './activity.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

/** Seconds until the deadline at the earliest; Infinity without one. */
export function secondsToDeadline(observed: Observed, now: Date): number {
  const limit = observed.policy.activeDeadlineSeconds;
  return limit === undefined ? Infinity : limit - activeSeconds(observed, now);
}

/** Seconds until the first attempt has waited for longer than it may; Infinity when none will. */
export function secondsToPendingDeadline(observed: Observed, now: Date): number {
  const limit = observed.policy.pendingDeadlineSeconds;
  const [first] = waitingAttempts(observed);
  if (limit === undefined || first === undefined) return Infinity;
  return limit - (now.getTime() - (first.waitingSince?.getTime() ?? now.getTime())) / 1000;
}

/** Attempts that could have started, the one that has waited longest first. */
function waitingAttempts({ attempts }: Observed): readonly ObservedAttempt[] {
  return attempts
    .filter(
      ({ state, stopping, waitingSince }) =>
        state === 'Pending' && stopping !== true && waitingSince !== undefined,
    )
    .toSorted((a, b) => (a.waitingSince?.getTime() ?? 0) - (b.waitingSince?.getTime() ?? 0));
}

/** Why the job must end, or undefined while it may go on. */
export function deadlineMessage(observed: Observed, now: Date): string | undefined {
  if (secondsToPendingDeadline(observed, now) <= 0) {
    const [first] = waitingAttempts(observed);
    const why = first?.waiting === undefined ? '' : ` ${first.waiting.message}`;
    return `${first?.unit} has waited to start for longer than spec.execution.pendingDeadlineSeconds (${observed.policy.pendingDeadlineSeconds} s) allows.${why}`;
  }
  if (secondsToDeadline(observed, now) > 0) return undefined;
  return `The job ran for longer than spec.activeDeadlineSeconds (${observed.policy.activeDeadlineSeconds} s) allows.`;
}

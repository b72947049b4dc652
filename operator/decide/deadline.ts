import { coveredSeconds } from '../accounting/intervals.ts';
import type { Observed } from './observed.ts';

/** Seconds in which an attempt of the current try ran or started: what `activeDeadlineSeconds` counts. */
function activeSeconds({ attempts, retry }: Observed, now: Date): number {
  const intervals = attempts
    .filter((attempt) => attempt.retry >= retry && attempt.startTime !== undefined)
    .map(({ startTime, endTime }) => ({
      start: (startTime ?? now).getTime() / 1000,
      end: (endTime ?? now).getTime() / 1000,
    }));
  return coveredSeconds(intervals);
}

/** Seconds until the deadline at the earliest; undefined without one. */
export function secondsToDeadline(observed: Observed, now: Date): number | undefined {
  const limit = observed.policy.activeDeadlineSeconds;
  return limit === undefined ? undefined : limit - activeSeconds(observed, now);
}

/** Why the job must end, or undefined while it may go on. */
export function deadlineMessage(observed: Observed, now: Date): string | undefined {
  const left = secondsToDeadline(observed, now);
  if (left === undefined || left > 0) return undefined;
  return `The job ran for longer than spec.activeDeadlineSeconds (${observed.policy.activeDeadlineSeconds} s) allows.`;
}

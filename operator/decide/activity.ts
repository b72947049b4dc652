import type { DistillationJobStatus } from '../../crds/status.ts';
import { union } from '../accounting/intervals.ts';
import type { Observed } from './observed.ts';

type Activity = NonNullable<DistillationJobStatus['activity']>;

/** All in seconds since 1970. */
interface Counted {
  /** Those in which a pod ran, before `upTo`. */
  readonly seconds: number;
  readonly upTo: number;
  /** A pod ran at `upTo`, and is not known to have ended. */
  readonly isOpen: boolean;
}

const nothing: Counted = { seconds: 0, upTo: -Infinity, isOpen: false };

/** Seconds in which an attempt of the current try ran or started, also of attempts that are gone. */
export function activeSeconds(observed: Observed, now: Date): number {
  const before = countedIn(observed);
  return before.seconds + secondsBefore(Infinity, activeTimes(observed, before, now));
}

/**
 * What the status is to remember of that, as attempts are deleted. All before one moment is counted in it, and nothing
 * after, so that an attempt that is still seen does not count again. It changes only when an attempt starts or ends.
 */
export function activityToRemember(
  observed: Observed,
  { now, isOver }: { readonly now: Date; readonly isOver: boolean },
): Activity | undefined {
  const before = countedIn(observed);
  const times = activeTimes(observed, before, now);
  const attempts = attemptsThatRan(observed);
  const ends = attempts.flatMap(({ end }) => end ?? []);
  const running = attempts.filter(({ end }) => end === undefined).map(({ start }) => start);
  // Nobody looks any more at what is still to end.
  const isOpen = running.length > 0 && !isOver;
  const upTo = isOpen
    ? Math.max(before.upTo, Math.min(...running), ...ends)
    : Math.max(before.upTo, ...times.map(({ end }) => end));
  if (upTo === -Infinity) return undefined;
  const time = new Date(Math.round(upTo * 1000)).toISOString();
  const seconds = Math.round((before.seconds + secondsBefore(upTo, times)) * 1000) / 1000;
  return isOpen ? { seconds, since: time } : { seconds, until: time };
}

function countedIn({ previous, retry }: Observed): Counted {
  const { activity, retry: tried = retry } = previous ?? {};
  const time = activity?.since ?? activity?.until;
  if (activity === undefined || time === undefined) return nothing;
  const upTo = Date.parse(time) / 1000;
  if (tried < retry) return { ...nothing, upTo };
  return { seconds: activity.seconds, upTo, isOpen: activity.since !== undefined };
}

interface Ran {
  readonly start: number;
  readonly end: number | undefined;
}

function attemptsThatRan({ attempts, retry }: Observed): Ran[] {
  return attempts.flatMap(({ startTime, endTime, retry: tried }) =>
    tried < retry || startTime === undefined
      ? []
      : [
          {
            start: startTime.getTime() / 1000,
            end: endTime === undefined ? undefined : endTime.getTime() / 1000,
          },
        ],
  );
}

/** When something ran of what is not counted yet. */
function activeTimes(observed: Observed, { upTo, isOpen }: Counted, now: Date): ReturnType<typeof union> {
  const present = now.getTime() / 1000;
  const seen = union(
    attemptsThatRan(observed).map(({ start, end = present }) => ({ start: Math.max(start, upTo), end })),
  );
  if (!isOpen) return seen;
  // What ran is gone if nothing that is seen ran then: until the next did, or until just now.
  return union([{ start: upTo, end: seen[0]?.start ?? present }, ...seen]);
}

function secondsBefore(moment: number, times: ReturnType<typeof union>): number {
  return times.reduce((total, { start, end }) => total + Math.max(0, Math.min(end, moment) - start), 0);
}

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
  const before = countedIn(observed, now);
  return before.seconds + secondsBefore(Infinity, activeTimes(observed, before, now));
}

/**
 * What the status is to remember of that, as attempts are deleted. All before one moment is counted in it, and nothing
 * after, so that an attempt that is still seen does not count again. It changes only when an attempt starts or ends, and
 * when a new observer finds one that runs: up to then nothing can have been missed.
 */
export function activityToRemember(
  observed: Observed,
  { now, isOver }: { readonly now: Date; readonly isOver: boolean },
): Activity | undefined {
  const before = countedIn(observed, now);
  const times = activeTimes(observed, before, now);
  const attempts = attemptsThatRan(observed, before, now);
  const ends = attempts.flatMap(({ end }) => end ?? []);
  const running = attempts.filter(({ end }) => end === undefined).map(({ start }) => start);
  // Nobody looks any more at what is still to end.
  const isOpen = running.length > 0 && !isOver;
  const first = Math.min(...running);
  const watched = watchedFrom(observed);
  const upTo = isOpen
    ? Math.max(before.upTo, first, ...ends, first <= watched ? watched : -Infinity)
    : Math.max(before.upTo, ...times.map(({ end }) => end));
  if (upTo === -Infinity) return undefined;
  const time = new Date(Math.round(upTo * 1000)).toISOString();
  const seconds = Math.round((before.seconds + secondsBefore(upTo, times)) * 1000) / 1000;
  return isOpen ? { seconds, since: time } : { seconds, until: time };
}

function countedIn({ previous, retry }: Observed, now: Date): Counted {
  const { activity, retry: tried = retry } = previous ?? {};
  const time = activity?.since ?? activity?.until;
  if (activity === undefined || time === undefined) return nothing;
  const upTo = Math.min(secondsOf(new Date(time)), secondsOf(now));
  if (tried < retry) return { ...nothing, upTo };
  return { seconds: activity.seconds, upTo, isOpen: activity.since !== undefined };
}

interface Ran {
  readonly start: number;
  readonly end: number | undefined;
}

/** Nodes' clocks may be ahead: what has started has started by now. */
function attemptsThatRan({ attempts, retry, previous }: Observed, { upTo }: Counted, now: Date): Ran[] {
  const present = secondsOf(now);
  const isRaised = (previous?.retry ?? retry) < retry;
  return attempts.flatMap(({ startTime, endTime, retry: tried }): Ran[] => {
    if (startTime === undefined) return [];
    const end = endTime === undefined ? undefined : secondsOf(endTime);
    const start = Math.min(secondsOf(startTime), end ?? present);
    if (tried >= retry) return [{ start, end }];
    // Of an earlier try: what still runs counts from the moment at which this one began.
    if (isRaised) return end === undefined ? [{ start: present, end }] : [];
    return upTo === -Infinity ? [] : [{ start: Math.max(start, upTo), end }];
  });
}

/** When something ran of what is not counted yet. */
function activeTimes(observed: Observed, before: Counted, now: Date): ReturnType<typeof union> {
  const { upTo, isOpen } = before;
  const present = secondsOf(now);
  const seen = union(
    attemptsThatRan(observed, before, now).map(({ start, end = present }) => ({
      start: Math.max(start, upTo),
      end,
    })),
  );
  if (!isOpen) return seen;
  // What ran is gone if nothing that is seen ran then: until the next did, or until just now.
  const next = seen[0]?.start ?? present;
  const end = watchedFrom(observed) <= upTo ? next : lastEndBefore(next, observed);
  return union([{ start: upTo, end }, ...seen]);
}

/**
 * Nobody watched, so that it may have ended long ago: what is not known to have run is not counted, since a job that is ended
 * wrongly is the greater harm. A Job says when it ended though its pod, which knows when it began, is gone.
 */
function lastEndBefore(moment: number, { attempts, retry }: Observed): number {
  const ends = attempts.flatMap(({ endTime, retry: tried }) =>
    tried < retry || endTime === undefined ? [] : [secondsOf(endTime)],
  );
  return Math.max(-Infinity, ...ends.filter((end) => end <= moment));
}

function watchedFrom({ watchedSince }: Observed): number {
  return watchedSince === undefined ? -Infinity : secondsOf(watchedSince);
}

function secondsBefore(moment: number, times: ReturnType<typeof union>): number {
  return times.reduce((total, { start, end }) => total + Math.max(0, Math.min(end, moment) - start), 0);
}

function secondsOf(time: Date): number {
  return time.getTime() / 1000;
}

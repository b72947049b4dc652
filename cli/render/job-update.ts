import type { RunUpdate } from '../../operator/local/run-job.ts';

/** What a view is told of a job: all that the runner sees, or of a job that others run its status alone. */
export interface JobUpdate extends Pick<RunUpdate, 'status' | 'events'> {
  readonly observed?: RunUpdate['observed'];
}

/**
 * Seconds since the run began that somebody looks at, which for a job in a cluster is the job itself: undefined before
 * its first pod runs.
 */
export function elapsedSeconds(
  { status, observed }: JobUpdate,
  viewStarted: Date,
  now: Date,
): number | undefined {
  if (observed !== undefined) return (now.getTime() - viewStarted.getTime()) / 1000;
  if (status.startTime === undefined) return undefined;
  const end = status.completionTime === undefined ? now : new Date(status.completionTime);
  // The clock of the cluster may be ahead of the one here.
  return Math.max(0, (end.getTime() - Date.parse(status.startTime)) / 1000);
}

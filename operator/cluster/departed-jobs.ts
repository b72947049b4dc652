import type { Clock } from '../kube/clock.ts';
import type { ChildJob } from './children.ts';

/** The controller of Jobs may not have seen yet that a Job is deleted, and makes a pod for it for so long. */
const lagSeconds = 10;

export interface DepartedJob {
  readonly job: ChildJob;
  /** When its controller must have noticed. */
  readonly until: Date;
}

interface Departure {
  readonly job: ChildJob;
  /** On the clock's own scale. */
  readonly until: number;
}

/**
 * Jobs that were deleted a moment ago without having ended, by their user or by the operator, gone or not. A pod of theirs
 * may still appear, beside one of the next attempt where that was made too early.
 */
export class DepartedJobs {
  readonly #clock: Clock;
  /** Since when Jobs that are there are known to be deleted, by their UID. */
  readonly #deleting = new Map<string, number>();
  /** In the order of their going, which is nearly that of their `until`. */
  readonly #departed = new Map<string, Departure>();
  /** What was deleted before the cluster was listed has its pods by then. */
  #settledAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The watch has shown this Job, or that it is gone. */
  seen(job: ChildJob, { gone }: { gone: boolean }): void {
    const { metadata, identity, controllerUid, isDeleting, end } = job;
    const now = this.#clock.seconds();
    const since = this.#deleting.get(metadata.uid) ?? now;
    const isOver = end !== undefined || identity === undefined || identity.ownerUid !== controllerUid;
    if (gone || isOver) this.#deleting.delete(metadata.uid);
    else if (isDeleting) this.#deleting.set(metadata.uid, since);
    if (!gone || isOver) return;
    this.#sweep(now);
    if (since + lagSeconds > now) this.#departed.set(metadata.uid, { job, until: since + lagSeconds });
  }

  /** Until when a Job that is deleted, and still there, may get another pod; undefined when that is over. */
  until({ metadata: { uid } }: ChildJob): Date | undefined {
    const now = this.#clock.seconds();
    // What was deleted a moment ago the watch has not shown yet.
    const until = (this.#deleting.get(uid) ?? now) + lagSeconds;
    return until > now ? this.#dateOf(until) : undefined;
  }

  /** Those of one owner that are gone. */
  of(ownerUid: string): readonly DepartedJob[] {
    const now = this.#clock.seconds();
    this.#sweep(now);
    return [...this.#departed.values()]
      .filter(({ job, until }) => job.controllerUid === ownerUid && until > now)
      .map(({ job, until }) => ({ job, until: this.#dateOf(until) }));
  }

  /**
   * Until when deletions from before the first look may have their effects; undefined when that is over. Counts from when it
   * is first asked.
   */
  unsettledUntil(): Date | undefined {
    const now = this.#clock.seconds();
    this.#settledAt ??= now + lagSeconds;
    return this.#settledAt > now ? this.#dateOf(this.#settledAt) : undefined;
  }

  #dateOf(seconds: number): Date {
    return new Date(this.#clock.now().getTime() + Math.ceil((seconds - this.#clock.seconds()) * 1000));
  }

  #sweep(now: number): void {
    for (const [uid, { until }] of this.#departed) {
      if (until > now) return;
      this.#departed.delete(uid);
    }
  }
}

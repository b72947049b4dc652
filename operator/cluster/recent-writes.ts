import type { Clock } from '../kube/clock.ts';
import type { ChildJob } from './children.ts';

interface Created {
  readonly job: ChildJob;
  readonly seconds: number;
}

/** After so long the watch must have shown what was created; if it has not, it is gone. */
const creationSeconds = 60;

/**
 * What was written to Jobs and the watch has not shown yet: without it, a decision made in between would be made on what
 * was there before.
 */
export class RecentWrites {
  readonly #clock: Clock;
  readonly #created = new Map<string, Map<string, Created>>();
  /** Jobs that were told to go, or had something noted down on them: their UIDs, with that of their owner. */
  readonly #deleted = new Map<string, string | undefined>();
  readonly #recorded = new Map<string, string | undefined>();
  /** All Jobs that an owner was seen to have, also those that are gone. */
  readonly #own = new Map<string, Set<string>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  created(ownerUid: string, job: ChildJob): void {
    const own = this.#created.get(ownerUid) ?? new Map<string, Created>();
    own.set(job.metadata.uid, { job, seconds: this.#clock.seconds() });
    this.#created.set(ownerUid, own);
    this.#knownAs(ownerUid, job.metadata.uid);
  }

  deleted({ metadata: { uid }, controllerUid }: ChildJob): void {
    this.#deleted.set(uid, controllerUid);
  }

  recorded({ metadata: { uid }, controllerUid }: ChildJob): void {
    this.#recorded.set(uid, controllerUid);
  }

  isDeleted({ metadata: { uid } }: ChildJob): boolean {
    return this.#deleted.has(uid);
  }

  isRecorded({ metadata: { uid } }: ChildJob): boolean {
    return this.#recorded.has(uid);
  }

  /** The watch has shown this Job, or that it is gone. */
  seen(job: ChildJob, { gone }: { gone: boolean }): void {
    const { metadata, identity, controllerUid, isDeleting, result, failure } = job;
    const { uid } = metadata;
    if (identity !== undefined && controllerUid === identity.ownerUid) this.#knownAs(controllerUid, uid);
    const own = this.#created.get(identity?.ownerUid ?? '');
    own?.delete(uid);
    if (own?.size === 0) this.#created.delete(identity?.ownerUid ?? '');
    if (gone || isDeleting) this.#deleted.delete(uid);
    if (gone || result !== undefined || failure !== undefined) this.#recorded.delete(uid);
  }

  /** UIDs of all Jobs that the owner was seen to have, also of those that are gone. */
  jobsOf(ownerUid: string): ReadonlySet<string> {
    return this.#own.get(ownerUid) ?? new Set();
  }

  /** What the cache has, and what it doesn't have yet. */
  merge(ownerUid: string, cached: readonly ChildJob[]): ChildJob[] {
    const own = this.#created.get(ownerUid);
    if (own === undefined) return [...cached];
    const known = new Set(cached.map(({ metadata }) => metadata.uid));
    const oldest = this.#clock.seconds() - creationSeconds;
    for (const [uid, { seconds }] of own) if (known.has(uid) || seconds < oldest) own.delete(uid);
    return [...cached, ...[...own.values()].map(({ job }) => job)];
  }

  forget(ownerUid: string): void {
    this.#created.delete(ownerUid);
    this.#own.delete(ownerUid);
    for (const writes of [this.#deleted, this.#recorded]) {
      for (const [uid, owner] of writes) if (owner === ownerUid) writes.delete(uid);
    }
  }

  #knownAs(ownerUid: string, uid: string): void {
    const own = this.#own.get(ownerUid) ?? new Set<string>();
    own.add(uid);
    this.#own.set(ownerUid, own);
  }
}

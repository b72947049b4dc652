import type { Clock } from '../kube/clock.ts';
import { keyOf } from '../kube/store.ts';
import type { ChildIdentity, ChildJob, ChildPod } from './children.ts';

/** Something that the cluster does not have any more, as it was last seen. */
export interface Gone<T> {
  readonly object: T;
  readonly at: Date;
}

interface GoneOfOwner {
  readonly pods: Gone<ChildPod>[];
  readonly jobs: Gone<ChildJob>[];
}

/**
 * Pods that were seen to go, with their Jobs: when they ran, nobody else can say any more until the status has it. Those of
 * jobs that have come to rest are not kept.
 */
export class GonePods {
  readonly #clock: Clock;
  readonly #isOpen: (key: string, uid: string) => boolean;
  /** By the UID of the DistillationJob. */
  readonly #gone = new Map<string, GoneOfOwner>();

  /** @param isOpen whether a DistillationJob is still looked after */
  constructor(clock: Clock, isOpen: (key: string, uid: string) => boolean) {
    this.#clock = clock;
    this.#isOpen = isOpen;
  }

  podGone(pod: ChildPod): void {
    keep(this.#of(pod)?.pods, { object: pod, at: this.#clock.now() });
  }

  jobGone(job: ChildJob): void {
    keep(this.#of(job)?.jobs, { object: job, at: this.#clock.now() });
  }

  of(ownerUid: string): Readonly<GoneOfOwner> {
    return this.#gone.get(ownerUid) ?? { pods: [], jobs: [] };
  }

  forget(ownerUid: string): void {
    this.#gone.delete(ownerUid);
  }

  #of({ identity, metadata }: { identity: ChildIdentity | undefined } & Pick<ChildJob, 'metadata'>) {
    if (identity === undefined) return undefined;
    const { ownerUid, ownerName } = identity;
    const key = keyOf({ metadata: { ...metadata, name: ownerName } });
    if (!this.#isOpen(key, ownerUid)) return undefined;
    const gone = this.#gone.get(ownerUid) ?? { pods: [], jobs: [] };
    this.#gone.set(ownerUid, gone);
    return gone;
  }
}

/** Of more, which takes many preemptions, the first are forgotten; what the status has of them stays. */
const mostGone = 1024;

function keep<T>(list: Gone<T>[] | undefined, next: Gone<T>): void {
  list?.push(next);
  if (list !== undefined && list.length > mostGone) list.shift();
}

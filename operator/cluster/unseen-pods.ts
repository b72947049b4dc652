import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { projectPod, type ChildJob, type ChildPod } from './children.ts';
import type { Children } from './gather-children.ts';
import { kubePods } from './kube-objects.ts';

/** How long what the API server said of a pod that has not ended is believed. */
export const unseenSeconds = 5;

interface Known {
  readonly pods: readonly ChildPod[];
  /** When to ask again, on the clock that never jumps: never, once all have ended and no more can come. */
  readonly until: number;
}

/**
 * Pods of Jobs that have ended, which the watch doesn't show, as long as what they said is not noted down. It may have shown
 * them before: a pod that has ended goes at once when it is deleted, as with its node, and without a sign. Or it may be
 * silent while that of Jobs is not: "it left no pod" costs no retry, so the API server is asked before it is believed.
 */
export class UnseenPods {
  readonly #client: Pick<KubeClient, 'list'>;
  readonly #clock: Clock;
  /** By the UID of the Job. */
  readonly #known = new Map<string, Known>();

  constructor(client: Pick<KubeClient, 'list'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async of({ jobs, pods }: Pick<Children, 'jobs' | 'pods'>): Promise<readonly ChildPod[]> {
    const seen = Map.groupBy(pods, ({ controllerUid }) => controllerUid);
    const unseen = await Promise.all(
      jobs.map(async (job) => await this.#unseenOf(job, seen.get(job.metadata.uid) ?? [])),
    );
    return unseen.flat();
  }

  forget({ metadata }: ChildJob): void {
    this.#known.delete(metadata.uid);
  }

  async #unseenOf(job: ChildJob, seen: readonly ChildPod[]): Promise<readonly ChildPod[]> {
    if (job.result !== undefined || job.failure !== undefined) {
      this.forget(job);
      return [];
    }
    const known = this.#known.get(job.metadata.uid);
    if (seen.length > 0) {
      const gone = endedBeside(seen, known);
      this.#remember(job, [...gone, ...seen], this.#clock.seconds());
      return job.end === undefined ? [] : gone;
    }
    if (job.end === undefined) return [];
    if (known !== undefined && this.#clock.seconds() < known.until) return known.pods;
    const listed = await this.#podsOf(job);
    const pods = [...endedBeside(listed, known), ...listed];
    this.#remember(job, pods, this.#clock.seconds() + unseenSeconds);
    return pods;
  }

  /** Before Kubernetes 1.31 a Job could be Failed while its pods were still ending. */
  #remember({ metadata, end }: ChildJob, pods: readonly ChildPod[], until: number): void {
    if (end === undefined && !pods.some(hasEnded)) return;
    const isAll = end !== undefined && pods.every(hasEnded);
    this.#known.set(metadata.uid, { pods, until: isAll ? Infinity : until });
  }

  async #podsOf({ metadata: { uid, namespace } }: ChildJob): Promise<readonly ChildPod[]> {
    const labelSelector = `batch.kubernetes.io/controller-uid=${uid}`;
    const { items } = await this.#client.list(kubePods, { namespace, labelSelector }, projectPod);
    // Labels are anybody's to set.
    return items.filter(({ controllerUid }) => controllerUid === uid);
  }
}

function hasEnded({ end }: ChildPod): boolean {
  return end !== undefined;
}

/** Those that are known to have ended and are not among the pods. */
function endedBeside(pods: readonly ChildPod[], known: Known | undefined): readonly ChildPod[] {
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  return (known?.pods ?? []).filter((pod) => hasEnded(pod) && !uids.has(pod.metadata.uid));
}

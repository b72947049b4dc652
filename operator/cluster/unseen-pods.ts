import type { KubeClient } from '../kube/client.ts';
import { projectPod, type ChildJob, type ChildPod } from './children.ts';
import type { Children } from './gather-children.ts';
import { kubePods } from './kube-objects.ts';

/**
 * Pods of Jobs that have ended, though none has been seen and nothing is noted down. The watch of pods may be silent while
 * that of Jobs is not, and "it left no pod" costs no retry: the API server is asked before it is believed.
 */
export class UnseenPods {
  readonly #client: Pick<KubeClient, 'list'>;
  /** By the UID of the Job. A Job that has ended gets no further pods. */
  readonly #found = new Map<string, readonly ChildPod[]>();

  constructor(client: Pick<KubeClient, 'list'>) {
    this.#client = client;
  }

  async of({ jobs, pods }: Pick<Children, 'jobs' | 'pods'>): Promise<readonly ChildPod[]> {
    const seen = new Set(pods.map(({ controllerUid }) => controllerUid));
    const asked = jobs.filter(
      ({ end, result, failure, metadata }) =>
        end !== undefined && result === undefined && failure === undefined && !seen.has(metadata.uid),
    );
    const found = await Promise.all(asked.map(async (job) => await this.#podsOf(job)));
    return found.flat();
  }

  forget({ metadata }: ChildJob): void {
    this.#found.delete(metadata.uid);
  }

  async #podsOf({ metadata: { uid, namespace } }: ChildJob): Promise<readonly ChildPod[]> {
    const known = this.#found.get(uid);
    if (known !== undefined) return known;
    const labelSelector = `batch.kubernetes.io/controller-uid=${uid}`;
    const { items } = await this.#client.list(kubePods, { namespace, labelSelector }, projectPod);
    const own = items.filter(({ controllerUid }) => controllerUid === uid);
    this.#found.set(uid, own);
    return own;
  }
}

import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../kube/client.ts';
import type { ListOptions, ObjectList } from '../kube/list.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { WatchEvent, WatchOptions } from '../kube/watch.ts';
import { ClusterCache } from './cluster-cache.ts';
import { distillationJobs, kubeJobs, kubePods } from './kube-objects.ts';
import { aKubeJob, aKubePod, owner, podStatus } from './testing/children.ts';
import { aDistillationJob } from './testing/distillation-jobs.ts';

/** Lists what it was given at the start, then tells of changes. */
class WatchedCluster implements Pick<KubeClient, 'list' | 'watch'> {
  /** `jobs in team with blockstill.dev/job-uid`. */
  readonly asked: string[] = [];
  readonly #objects: ReadonlyMap<Resource, readonly KubeObject[]>;
  readonly #news = new Map<string, WatchEvent<KubeObject>[]>();

  constructor(objects: ReadonlyMap<Resource, readonly KubeObject[]>) {
    this.#objects = objects;
  }

  tell({ plural }: Resource, event: WatchEvent<KubeObject>): void {
    this.#news.set(plural, [...(this.#news.get(plural) ?? []), event]);
  }

  async list<T extends KubeObject, P = T>(
    resource: Resource<T>,
    { namespace = 'all', labelSelector = 'any' }: ListOptions = {},
    project: (object: T) => P = (object) => object as unknown as P,
  ): Promise<ObjectList<P>> {
    this.asked.push(`${resource.plural} in ${namespace} with ${labelSelector}`);
    const objects = (this.#objects.get(resource) ?? []) as readonly T[];
    return await Promise.resolve({ items: objects.map(project), resourceVersion: '1' });
  }

  async *watch<T extends KubeObject>(
    { plural }: Resource<T>,
    { signal }: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    while (!signal.aborted) {
      const event = this.#news.get(plural)?.shift() as WatchEvent<T> | undefined;
      if (event === undefined) await setImmediate();
      else yield event;
    }
  }
}

const aChild = aKubeJob();
const aRunningPod = aKubePod({ status: podStatus.running() });

async function follow(
  check: (world: {
    cache: ClusterCache;
    cluster: WatchedCluster;
    clock: FakeClock;
    told: string[];
  }) => Promise<void>,
  { namespaces }: { namespaces?: readonly string[] } = {},
): Promise<void> {
  const cluster = new WatchedCluster(
    new Map<Resource, readonly KubeObject[]>([
      [distillationJobs, [aDistillationJob()]],
      [kubeJobs, [aChild]],
      [kubePods, [aRunningPod]],
    ]),
  );
  const clock = new FakeClock();
  const told: string[] = [];
  const cache = new ClusterCache({
    client: cluster as unknown as KubeClient,
    clock,
    random: () => 0.5,
    namespaces,
    changed: (key) => told.push(`changed ${key}`),
    jobRemoved: ({ metadata }) => told.push(`removed ${metadata.uid}`),
    childJobChanged: ({ type, object }) => told.push(`${type} ${object.metadata.name}`),
    podRemoved: ({ metadata }) => told.push(`gone ${metadata.name}`),
    problem: (resource, error) => told.push(`${resource}: ${error.message}`),
  });
  const stop = new AbortController();
  const running = cache.run(stop.signal);
  try {
    await cache.synced();
    await check({ cache, cluster, clock, told });
  } finally {
    stop.abort();
    await running;
  }
}

describe('what the cluster has', () => {
  it('is listed once, children by their label', async () => {
    await follow(async ({ cache, cluster }) => {
      expect(await Promise.resolve(cluster.asked.toSorted())).toEqual([
        'distillationjobs in all with any',
        'jobs in all with blockstill.dev/job-uid',
        'pods in all with blockstill.dev/job-uid',
      ]);
      expect(cache.job('team/mnist')?.metadata.uid).toBe(owner.uid);
      expect(cache.childJobs(owner.uid)).toMatchObject([{ metadata: { name: 'mnist-u000-1' } }]);
      expect(cache.childPods(owner.uid)).toMatchObject([{ phase: 'Running' }]);
      expect(cache.childJobs('other')).toEqual([]);
      expect(cache.allPods()).toHaveLength(1);
    });
  });

  it('is asked for in each namespace that the operator looks after', async () => {
    await follow(
      async ({ cluster }) => {
        expect(await Promise.resolve(cluster.asked.filter((asked) => asked.startsWith('jobs')))).toEqual([
          'jobs in one with blockstill.dev/job-uid',
          'jobs in two with blockstill.dev/job-uid',
        ]);
      },
      { namespaces: ['one', 'two'] },
    );
  });

  it('tells of the job that a change is about', async () => {
    await follow(async ({ cluster, told }) => {
      const seen = async (count: number): Promise<string[]> => {
        while (told.length < count) await setImmediate();
        return told.splice(0);
      };
      expect((await seen(4)).toSorted()).toEqual([
        'Added mnist-u000-1',
        'changed team/mnist',
        'changed team/mnist',
        'changed team/mnist',
      ]);
      cluster.tell(kubeJobs, { type: 'DELETED', object: aChild });
      expect(await seen(2)).toEqual(['Deleted mnist-u000-1', 'changed team/mnist']);
      cluster.tell(kubePods, { type: 'DELETED', object: aRunningPod });
      expect(await seen(2)).toEqual(['gone mnist-u000-1-x7k2p', 'changed team/mnist']);
      cluster.tell(distillationJobs, { type: 'DELETED', object: aDistillationJob() });
      expect(await seen(2)).toEqual(['removed owner-uid', 'changed team/mnist']);
    });
  });
});

it('is ready when everything was listed, until a watch is silent for too long', async () => {
  await follow(async ({ cache, clock }) => {
    expect(cache.notReady()).toBeUndefined();
    await clock.advance(241);
    expect(cache.notReady()).toMatch(/distillationjobs/);
    expect(cache.secondsSinceContact().get('pods')).toBe(241);
  });
});

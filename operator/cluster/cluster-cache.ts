import type { BlockstillError } from '../../common/error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { listWatch, Reflector } from '../kube/reflector.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';
import { watchesNotReady } from '../program/watch-readiness.ts';
import { keyOf, type ReadonlyStore, type StoreChange, type StoredObject } from '../kube/store.ts';
import { projectDistillationJob, type CachedJob } from './cached-job.ts';
import { projectJob, projectPod, type ChildIdentity, type ChildJob, type ChildPod } from './children.ts';
import {
  distillationJobs,
  kubeJobs,
  kubePods,
  type DistillationJobObject,
  type KubeJob,
  type KubePod,
} from './kube-objects.ts';
import { labels } from './names.ts';

export interface ClusterCacheOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  random(): number;
  /** Only these; all where there are none. */
  readonly namespaces: readonly string[] | undefined;
  /** Something has changed about the DistillationJob of this key. */
  changed(key: string): void;
  jobRemoved(job: CachedJob): void;
  childJobChanged(change: StoreChange<ChildJob>): void;
  podRemoved(pod: ChildPod): void;
  problem(resource: string, error: BlockstillError): void;
}

type Index = 'owner';

/** A reflector, whatever it projects from. */
interface View<P extends StoredObject> {
  readonly store: ReadonlyStore<P, Index>;
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  readonly completeSince: Date | undefined;
  run(signal: AbortSignal): Promise<void>;
  secondsSinceContact(): number;
}

/** DistillationJobs and their children as the cluster has them, of one namespace, some, or all. */
export class ClusterCache {
  readonly #jobs: readonly View<CachedJob>[];
  readonly #childJobs: readonly View<ChildJob>[];
  readonly #childPods: readonly View<ChildPod>[];
  readonly #namespaces: readonly string[] | undefined;

  constructor(options: ClusterCacheOptions) {
    const { changed, jobRemoved, childJobChanged, podRemoved, namespaces } = options;
    this.#namespaces = namespaces;
    const owned = (child: { identity: ChildIdentity | undefined }): readonly string[] =>
      child.identity === undefined ? [] : [child.identity.ownerUid];
    const tell = (change: StoreChange<ChildJob> | StoreChange<ChildPod>): void => {
      // Counters of the Job's controller, for one: nothing that is kept has changed.
      if (change.type === 'Updated' && isSame(change.object, change.previous)) return;
      const { object } = change;
      const { namespace } = object.metadata;
      const name = object.identity?.ownerName;
      if (name !== undefined) changed(keyOf({ metadata: { ...object.metadata, namespace, name } }));
    };
    const selector = { labelSelector: labels.jobUid };
    this.#jobs = viewsOf<DistillationJobObject, CachedJob>(options, distillationJobs, {
      project: projectDistillationJob,
      owner: (job) => [job.metadata.uid],
      onChange: ({ type, object }) => {
        if (type === 'Deleted') jobRemoved(object);
        changed(keyOf(object));
      },
    });
    this.#childJobs = viewsOf<KubeJob, ChildJob>(options, kubeJobs, {
      ...selector,
      project: projectJob,
      owner: owned,
      onChange: (change) => {
        childJobChanged(change);
        tell(change);
      },
    });
    this.#childPods = viewsOf<KubePod, ChildPod>(options, kubePods, {
      ...selector,
      project: projectPod,
      owner: owned,
      onChange: (change) => {
        if (change.type === 'Deleted') podRemoved(change.object);
        tell(change);
      },
    });
  }

  /** Follows the cluster until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#all().map(async ({ view }) => await view.run(signal)));
  }

  /** Resolves when everything has been listed once. */
  async synced(): Promise<void> {
    await Promise.all(this.#all().map(async ({ view }) => await view.synced));
  }

  /** Why what is cached can't be relied on; undefined when it can. */
  notReady(): string | undefined {
    const named = this.#all().map(({ resource, namespace, view }) => [
      namespace === undefined ? resource : `${resource} of ${namespace}`,
      view,
    ]);
    return watchesNotReady(Object.fromEntries(named) as Readonly<Record<string, View<StoredObject>>>);
  }

  /** Seconds since anything was heard, for each resource; of several namespaces the worst. */
  secondsSinceContact(): ReadonlyMap<string, number> {
    const ages = new Map<string, number>();
    for (const { resource, view } of this.#all()) {
      ages.set(resource, Math.max(ages.get(resource) ?? 0, view.secondsSinceContact()));
    }
    return ages;
  }

  job(key: string): CachedJob | undefined {
    return this.#jobs.map(({ store }) => store.get(key)).find((job) => job !== undefined);
  }

  allJobs(): CachedJob[] {
    return this.#jobs.flatMap(({ store }) => store.list());
  }

  childJobs(uid: string): ChildJob[] {
    return this.#childJobs.flatMap(({ store }) => store.byIndex('owner', uid));
  }

  childPods(uid: string): ChildPod[] {
    return this.#childPods.flatMap(({ store }) => store.byIndex('owner', uid));
  }

  /** Since when no pod can have come and gone unseen; undefined while that is not known. */
  podsCompleteSince(): Date | undefined {
    const times = this.#childPods.map(({ completeSince }) => completeSince);
    return times.includes(undefined)
      ? undefined
      : new Date(Math.max(...times.map((time) => time?.getTime() ?? 0)));
  }

  allChildJobs(): ChildJob[] {
    return this.#childJobs.flatMap(({ store }) => store.list());
  }

  allPods(): ChildPod[] {
    return this.#childPods.flatMap(({ store }) => store.list());
  }

  #all(): readonly NamedView[] {
    const named = (resource: string, views: readonly View<StoredObject>[]) =>
      views.map((view, index) => ({ resource, namespace: this.#namespaces?.[index], view }));
    return [
      ...named('distillationjobs', this.#jobs),
      ...named('jobs', this.#childJobs),
      ...named('pods', this.#childPods),
    ];
  }
}

function isSame(one: StoredObject, other: StoredObject): boolean {
  const content = (object: StoredObject): string => JSON.stringify({ ...object, metadata: undefined });
  return content(one) === content(other);
}

interface NamedView {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly view: View<StoredObject>;
}

interface ViewOptions<T extends KubeObject, P extends StoredObject> {
  readonly labelSelector?: string;
  project(object: T): P;
  owner(object: P): readonly string[];
  onChange(change: StoreChange<P>): void;
}

function viewsOf<T extends KubeObject, P extends StoredObject>(
  options: ClusterCacheOptions,
  resource: Resource<T>,
  { labelSelector, project, owner, onChange }: ViewOptions<T, P>,
): readonly View<P>[] {
  const { client, clock, random, namespaces = [undefined], problem } = options;
  return namespaces.map(
    (namespace) =>
      new Reflector<T, P, Index>({
        source: listWatch(client, resource, { namespace, labelSelector }),
        indices: { owner },
        clock,
        random,
        project,
        onChange,
        onProblem: (error) => problem(resource.plural, error),
      }),
  );
}

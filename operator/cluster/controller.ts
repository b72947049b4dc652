import type { BlockstillError } from '../../common/error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import { Obstacles } from './apply-decision.ts';
import { Claims } from './claims.ts';
import { ClusterCache } from './cluster-cache.ts';
import { noMetrics, type ControllerMetrics } from './controller-metrics.ts';
import { JobRecords } from './job-records.ts';
import type { OperatorDefaults } from './operator-defaults.ts';
import { PodlessJobs } from './podless-jobs.ts';
import { ProgressPoller } from './progress-poller.ts';
import { RecentWrites } from './recent-writes.ts';
import { Reconciler } from './reconciler.ts';
import { StatusWriter } from './status-writer.ts';

export interface ControllerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly defaults: OperatorDefaults;
  /** Only these; all where there are none. */
  readonly namespaces?: readonly string[] | undefined;
  /** How many jobs are worked on at once. */
  readonly workers?: number;
  /** Whether running pods are asked how far they are. */
  readonly asksPods?: boolean;
  readonly metrics?: ControllerMetrics;
  readonly queue?: WorkQueue;
  /** In [0, 1). */
  random?(): number;
  /** What went wrong with a job; it is tried again by itself. */
  onProblem(problem: ControllerProblem): void;
}

export interface ControllerProblem {
  /** A job as `namespace/name`, or a resource that is watched. */
  readonly about: string;
  readonly error: unknown;
}

/** Looks after all DistillationJobs, each whenever something has changed about it. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #cache: ClusterCache;
  readonly #poller: ProgressPoller;
  readonly #reconciler: Reconciler;
  readonly #metrics: ControllerMetrics;

  constructor(options: ControllerOptions) {
    const { client, clock, defaults, recorder, metrics = noMetrics, random = Math.random } = options;
    this.#options = options;
    this.#metrics = metrics;
    this.#queue = options.queue ?? new WorkQueue({ clock, maximumSeconds: 60 });
    const writes = new RecentWrites(clock);
    const podless = new PodlessJobs(client, clock);
    this.#cache = new ClusterCache({
      client,
      clock,
      random,
      namespaces: options.namespaces,
      changed: (key) => this.#queue.add(key),
      jobRemoved: ({ metadata }) => this.#reconciler.forget(metadata.uid),
      childJobChanged: ({ type, object }) => {
        writes.seen(object, { gone: type === 'Deleted' });
        if (type === 'Deleted' || object.end !== undefined) podless.forget(object);
      },
      problem: (resource, error) => this.#problem(resource, error),
    });
    this.#poller = new ProgressPoller({ clock, pods: () => this.#cache.allPods() });
    this.#reconciler = new Reconciler({
      client,
      clock,
      cache: this.#cache,
      records: new JobRecords(client, defaults),
      statuses: new StatusWriter(client, clock),
      writes,
      claims: new Claims(client, clock),
      podless,
      obstacles: new Obstacles(clock),
      recorder,
      metrics,
      progress: this.#poller.progress,
    });
  }

  /** For what is shown of it: metrics, readiness. */
  get cache(): ClusterCache {
    return this.#cache;
  }

  /** Why it can't be relied on at the moment; undefined when it can. */
  notReady(): string | undefined {
    return this.#cache.notReady();
  }

  /** Runs until the signal is aborted; then what is being worked on is finished, and nothing else begun. */
  async run(signal: AbortSignal): Promise<void> {
    const { workers = 8, asksPods = true } = this.#options;
    // What is being written when the end comes is written to its end.
    const writing = new AbortController();
    const background = new AbortController();
    const watching = Promise.all([
      this.#cache.run(background.signal),
      ...(asksPods ? [this.#poller.run(background.signal)] : []),
    ]);
    watching.catch(() => undefined);
    const stop = (): void => this.#queue.shutDown();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#cache.synced(), watching, aborted(signal)]);
      if (signal.aborted) return;
      const working = Array.from({ length: workers }, async () => await this.#work(writing.signal));
      await Promise.race([Promise.all(working), watching]);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#queue.shutDown();
      background.abort();
    }
    await watching;
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      await this.#reconcile(key, signal);
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const started = clock.seconds();
    try {
      const seconds = await this.#reconciler.reconcile(key, signal);
      this.#queue.forget(key);
      if (seconds !== undefined) this.#queue.addAfter(key, seconds);
      this.#metrics.reconciled(seconds === undefined ? 'success' : 'requeue', clock.seconds() - started);
    } catch (error) {
      this.#metrics.reconciled('error', clock.seconds() - started);
      this.#problem(key, error);
      this.#queue.addRateLimited(key);
    } finally {
      this.#queue.done(key);
    }
  }

  #problem(about: string, error: unknown): void {
    this.#options.onProblem({ about, error: error as BlockstillError });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

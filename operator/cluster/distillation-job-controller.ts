import { hostname } from 'node:os';
import { EventRecorder } from '../kube/event-recorder.ts';
import type { StoreChange } from '../kube/store.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { Controller, ControllerRun } from '../program/controller.ts';
import type { OperatorOptions } from '../program/options.ts';
import { Obstacles } from './apply-decision.ts';
import { attemptFailureOf } from './attempt-failure.ts';
import type { ChildJob } from './children.ts';
import { Claims } from './claims.ts';
import { ClusterCache } from './cluster-cache.ts';
import { countUnits } from './count-units.ts';
import { DcgmExporters } from './dcgm-exporters.ts';
import { DepartedJobs } from './departed-jobs.ts';
import { GonePods } from './gone-pods.ts';
import { JobRecords } from './job-records.ts';
import { NodeLabels } from './node-labels.ts';
import type { OperatorDefaults } from './operator-defaults.ts';
import { OutsideView } from './outside-view.ts';
import { PodComplaints } from './pod-complaints.ts';
import { PodlessJobs } from './podless-jobs.ts';
import { ProgressPoller } from './progress-poller.ts';
import { RecentWrites } from './recent-writes.ts';
import { Reconciler } from './reconciler.ts';
import { StatusWriter } from './status-writer.ts';
import { UnseenPods } from './unseen-pods.ts';

/** The name of the controller, and of its queue, in metrics. */
const controllerName = 'distillationjob';

/** The longest wait after failures that follow each other. */
const longestRetrySeconds = 60;

/** How long events may take to be written when everything else has ended. */
const lastEventsSeconds = 3;

/** Looks after all DistillationJobs, each whenever something has changed about it. */
export class DistillationJobController implements Controller {
  readonly #run: ControllerRun;
  readonly #queue: WorkQueue;
  readonly #cache: ClusterCache;
  readonly #poller: ProgressPoller;
  readonly #exporters: DcgmExporters | undefined;
  readonly #recorder: EventRecorder;
  readonly #reconciler: Reconciler;

  constructor(run: ControllerRun) {
    const { client, clock, metrics, options } = run;
    this.#run = run;
    this.#queue = new WorkQueue({
      clock,
      maximumSeconds: longestRetrySeconds,
      observer: metrics.workQueue(controllerName),
    });
    this.#recorder = new EventRecorder({
      client,
      clock,
      component: 'blockstill.dev/operator',
      instance: hostname(),
      onProblem: (error) => run.logger.warn('An event could not be written', { error }),
    });
    const writes = new RecentWrites(clock);
    const departed = new DepartedJobs(clock);
    const events = {
      client,
      clock,
      onProblem: (error: unknown) =>
        run.logger.warn('Events could not be read; what jobs wait for may stay untold', { error }),
    };
    const podless = new PodlessJobs(events);
    const unseen = new UnseenPods(client, clock);
    const gone = new GonePods(clock, (key, uid) => {
      const job = this.#cache.job(key);
      return job !== undefined && job.metadata.uid === uid && !job.isAtRest;
    });
    this.#cache = new ClusterCache({
      client,
      clock,
      random: Math.random,
      namespaces: options.namespaces.length === 0 ? undefined : options.namespaces,
      changed: (key) => this.#queue.add(key),
      jobRemoved: ({ metadata }) => this.#reconciler.forget(metadata.uid),
      childJobChanged: (change) => {
        const { type, object } = change;
        const isGone = type === 'Deleted';
        writes.seen(object, { gone: isGone });
        departed.seen(object, { gone: isGone });
        if (isGone || object.end !== undefined) podless.forget(object);
        if (isGone) unseen.forget(object);
        if (isGone) gone.jobGone(object);
        this.#count(change);
      },
      podRemoved: (pod) => gone.podGone(pod),
      problem: (resource, error) => run.logger.warn('A watch is begun again', { resource, error }),
    });
    this.#poller = new ProgressPoller({ clock, pods: () => this.#cache.allPods() });
    this.#exporters =
      options.dcgmExporterUrl === undefined
        ? undefined
        : new DcgmExporters({
            clock,
            url: options.dcgmExporterUrl,
            onProblem: (problem) => run.logger.warn('A DCGM exporter can not be used', { problem }),
          });
    const labels = new NodeLabels({
      client,
      clock,
      onProblem: (problem, error) => run.logger.warn(problem, { error }),
    });
    this.#reconciler = new Reconciler({
      client,
      clock,
      cache: this.#cache,
      records: new JobRecords(client, defaultsOf(options)),
      statuses: new StatusWriter(client, clock),
      writes,
      departed,
      claims: new Claims(client, clock),
      podless,
      gone,
      unseen,
      complaints: new PodComplaints(events),
      obstacles: new Obstacles(clock),
      outside: new OutsideView({ labels, exporters: this.#exporters }),
      recorder: this.#recorder,
      metrics,
      progress: this.#poller.progress,
    });
    metrics.countJobs(() => this.#jobsByPhase());
    metrics.countUnits(() => countUnits(this.#cache.allChildJobs(), this.#cache.allPods(), clock.now()));
    for (const resource of this.#cache.secondsSinceContact().keys()) {
      metrics.watchAge(resource, () => this.#cache.secondsSinceContact().get(resource) ?? 0);
    }
  }

  notReady(): string | undefined {
    return this.#cache.notReady();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { options, logger } = this.#run;
    const background = new AbortController();
    const watching = Promise.all([
      this.#cache.run(background.signal),
      ...(options.progress ? [this.#poller.run(background.signal)] : []),
      ...(this.#exporters === undefined ? [] : [this.#exporters.run(background.signal)]),
    ]);
    const stop = (): void => this.#queue.shutDown();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.#cache.synced(), watching, aborted(signal)]);
      if (!signal.aborted) {
        logger.info('The cluster is listed', { jobs: this.#cache.allJobs().length });
        const working = Array.from({ length: options.workers }, async () => await this.#work());
        await Promise.race([Promise.all(working), watching]);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#queue.shutDown();
      background.abort();
      await this.#recorder.close(AbortSignal.timeout(lastEventsSeconds * 1000));
    }
    await watching;
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      await this.#reconcile(key);
    }
  }

  /** What it has begun it finishes, also when the operator is told to stop. */
  async #reconcile(key: string): Promise<void> {
    const { metrics, logger } = this.#run;
    const ended = metrics.reconcileStarted(controllerName);
    try {
      const seconds = await this.#reconciler.reconcile(key, new AbortController().signal);
      this.#queue.forget(key);
      if (seconds !== undefined) this.#queue.addAfter(key, seconds);
      ended(seconds === undefined ? 'success' : 'requeue_after');
    } catch (error) {
      ended('error');
      logger.warn('A job could not be looked after; it is tried again', { job: key, error });
      this.#queue.addRateLimited(key);
    } finally {
      this.#queue.done(key);
    }
  }

  #count(change: StoreChange<ChildJob>): void {
    if (change.type !== 'Updated') return;
    const { object, previous } = change;
    if (object.end?.type !== 'Failed' || previous.end !== undefined || object.identity === undefined) return;
    const pods = this.#cache
      .childPods(object.identity.ownerUid)
      .filter(({ controllerUid }) => controllerUid === object.metadata.uid)
      .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    this.#run.metrics.unitAttemptFailed(object.identity.stage, attemptFailureOf(pods.at(-1)));
  }

  #jobsByPhase(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { object } of this.#cache.allJobs()) {
      const phase = object.status?.phase ?? 'Pending';
      counts[phase] = (counts[phase] ?? 0) + 1;
    }
    return counts;
  }
}

function defaultsOf({ worker, allowHostVolumes }: OperatorOptions): OperatorDefaults {
  const { image: workerImage, ...others } = worker;
  return { workerImage, ...others, allowHostVolumes };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

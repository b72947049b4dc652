import { specDigestOf, specDigests } from '../../../worker/contract/job-spec.ts';
import type { Stage } from '../../../worker/contract/primitives.ts';
import type { DistillationJobStatus } from '../../../crds/status.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { keyOf } from '../../kube/store.ts';
import { Obstacles } from '../apply-decision.ts';
import { projectDistillationJob } from '../cached-job.ts';
import { projectJob, projectPod, type ChildJob, type ChildPod } from '../children.ts';
import { Claims } from '../claims.ts';
import { DepartedJobs } from '../departed-jobs.ts';
import { GonePods } from '../gone-pods.ts';
import { JobRecords } from '../job-records.ts';
import {
  distillationJobs,
  kubeJobs,
  kubePods,
  type DistillationJobObject,
  type KubeJob,
  type KubePod,
} from '../kube-objects.ts';
import { jobNameOf } from '../names.ts';
import { NodeLabels } from '../node-labels.ts';
import type { OperatorDefaults } from '../operator-defaults.ts';
import { OutsideView, type OutsideSources } from '../outside-view.ts';
import { PodComplaints } from '../pod-complaints.ts';
import { PodlessJobs } from '../podless-jobs.ts';
import { RecentWrites } from '../recent-writes.ts';
import { Reconciler, type ReconcilerOptions } from '../reconciler.ts';
import { StatusWriter } from '../status-writer.ts';
import { UnseenPods } from '../unseen-pods.ts';
import { aKubePod, complete, owner, podStatus, time, type PodChange } from './children.ts';
import { accepted, aDistillationJob, defaults, type ObjectChange } from './distillation-jobs.ts';
import { FakeCluster } from './fake-cluster.ts';
import { said, type Said } from './messages.ts';

type Cache = ReconcilerOptions['cache'];

const key = `${owner.namespace}/${owner.name}`;

/** One DistillationJob, its children, and an operator that looks at it when a test says so. */
export class SmallWorld {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  /** What the operator's log warns of, but for Events. */
  readonly warnings: string[] = [];
  /** Looked at from when the operator is next started. */
  exporters: OutsideSources['exporters'];
  #departed = new DepartedJobs(this.clock);
  #writes = new RecentWrites(this.clock);
  #gone = this.#newGonePods();
  #shown: ReadonlyMap<string | undefined, ChildJob> = new Map();
  #shownPods: ReadonlyMap<string, ChildPod> = new Map();
  #reconciler: Reconciler;
  #frozen: Cache | undefined;
  #startedAt: Date | undefined;

  constructor(change: ObjectChange = {}) {
    this.cluster.put(distillationJobs, aDistillationJob(change));
    this.#reconciler = this.#newReconciler(defaults);
  }

  /** Everything the operator had in memory is gone. */
  restartOperator(given: OperatorDefaults = defaults): void {
    this.#reconciler = this.#newReconciler(given);
  }

  async reconcile(): Promise<number | undefined> {
    this.#watch();
    try {
      return await this.#reconciler.reconcile(key, new AbortController().signal);
    } finally {
      this.#watch();
    }
  }

  /** The writes of one more look at the job. */
  async writes(): Promise<string[]> {
    const before = this.cluster.writes.length;
    await this.reconcile();
    return this.cluster.writes.slice(before);
  }

  /** The operator goes on to see what there is now, whatever becomes of it. */
  freezeCache(): void {
    const [job, jobs, pods] = [this.#live().job(key), this.#live().childJobs(''), this.#live().childPods('')];
    this.#frozen = { ...this.#live(), job: () => job, childJobs: () => jobs, childPods: () => pods };
  }

  /** Likewise, but only of Jobs. */
  freezeJobs(): void {
    const jobs = this.#live().childJobs('');
    this.#frozen = { ...this.#live(), childJobs: () => jobs };
  }

  freezePods(): void {
    const pods = this.#live().childPods('');
    this.#frozen = { ...this.#live(), childPods: () => pods };
  }

  thawCache(): void {
    this.#frozen = undefined;
  }

  get object(): DistillationJobObject {
    const [job] = this.cluster.of(distillationJobs);
    if (job === undefined) throw new Error('the job is gone');
    return job;
  }

  get status(): DistillationJobStatus {
    return this.object.status ?? {};
  }

  /** Conditions that hold, with their reasons. */
  get conditions(): Record<string, string> {
    const holding = this.status.conditions?.filter(({ status }) => status === 'True') ?? [];
    return Object.fromEntries(holding.map(({ type, reason }) => [type, reason]));
  }

  get jobs(): KubeJob[] {
    return this.cluster.of(kubeJobs);
  }

  get jobNames(): string[] {
    return this.jobs.map(({ metadata }) => metadata.name ?? '');
  }

  /** An edit of the manifest. */
  edit(change: ObjectChange): void {
    const { metadata, status } = this.object;
    const { spec } = aDistillationJob(change);
    const generation = (metadata.generation ?? 1) + 1;
    this.cluster.put(distillationJobs, {
      metadata: { ...metadata, generation },
      spec,
      ...(status === undefined ? {} : { status }),
    });
  }

  emptyStatus(): void {
    this.cluster.put(distillationJobs, { ...this.object, status: {} });
  }

  /** The pod of an attempt, whatever it does. */
  pod(change: PodChange): KubePod {
    const { stage = 'Distill', index = 0, attempt = 1 } = change;
    const name = jobNameOf(owner.name, { stage, index, attemptNumber: attempt });
    return this.cluster.put(kubePods, aKubePod({ ...change, jobUid: `uid-of-${name}` }));
  }

  run(stage: Stage, index = 0, attempt = 1): void {
    this.pod({ stage, index, attempt, status: podStatus.running() });
  }

  /** The attempt's pod has committed, and its Job is complete. */
  commit(stage: Stage, index = 0, attempt = 1, change: Said = {}): void {
    const digest = specDigestOf(specDigests(accepted().compiled.spec), stage);
    const message = said(stage, { specDigest: digest, index, ...change });
    const [start, end] = change.times ?? [5, 95];
    const times = { startedAt: time(start), finishedAt: time(end) };
    this.pod({ stage, index, attempt, status: podStatus.ended(0, { message, ...times }) });
    this.end({ stage, index, attempt }, complete());
  }

  end(
    { stage, index, attempt }: { stage: Stage; index: number; attempt: number },
    conditions: NonNullable<KubeJob['status']>['conditions'],
  ): void {
    const name = jobNameOf(owner.name, { stage, index, attemptNumber: attempt });
    const job = this.jobs.find(({ metadata }) => metadata.name === name);
    if (job === undefined) throw new Error(`there is no ${name}`);
    this.cluster.put(kubeJobs, { ...job, status: conditions === undefined ? {} : { conditions } });
  }

  podsOf(stage: Stage, index: number, attempt = 1): KubePod[] {
    const name = jobNameOf(owner.name, { stage, index, attemptNumber: attempt });
    return this.cluster.of(kubePods).filter(({ metadata }) => metadata.name?.startsWith(`${name}-`));
  }

  removePods(): void {
    for (const { metadata } of this.cluster.of(kubePods)) {
      this.cluster.remove(kubePods, metadata.name ?? '');
    }
  }

  removeJobs(): void {
    for (const name of this.jobNames) this.cluster.remove(kubeJobs, name);
  }

  /** Jobs that are deleted in the foreground go when their pods are gone, and the operator is told of every change. */
  #watch(): void {
    const pods = this.cluster.of(kubePods);
    for (const { metadata } of this.jobs) {
      const hasPods = pods.some(({ metadata: { ownerReferences } }) =>
        ownerReferences?.some(({ uid }) => uid === metadata.uid),
      );
      if (metadata.deletionTimestamp !== undefined && !hasPods) {
        this.cluster.remove(kubeJobs, metadata.name ?? '');
      }
    }
    if (this.#frozen !== undefined) return;
    const now = new Map(this.jobs.map((job) => [job.metadata.uid, projectJob(job)]));
    for (const memory of [this.#departed, this.#writes]) {
      for (const job of now.values()) memory.seen(job, { gone: false });
      for (const [uid, job] of this.#shown) if (!now.has(uid)) memory.seen(job, { gone: true });
    }
    for (const [uid, job] of this.#shown) if (!now.has(uid)) this.#gone.jobGone(job);
    this.#shown = now;
    const live = new Map(pods.map(projectPod).map((pod) => [pod.metadata.uid, pod]));
    for (const [uid, pod] of this.#shownPods) if (!live.has(uid)) this.#gone.podGone(pod);
    this.#shownPods = live;
  }

  /** Prepared, and its two units made. */
  async distilling(): Promise<this> {
    await this.reconcile();
    this.commit('Prepare');
    await this.reconcile();
    return this;
  }

  async complete(): Promise<this> {
    await this.distilling();
    this.commit('Distill', 0);
    this.commit('Distill', 1);
    await this.reconcile();
    this.commit('Finetune');
    await this.reconcile();
    return this;
  }

  #live(): Cache {
    const { cluster } = this;
    return {
      job: (asked) =>
        cluster
          .of(distillationJobs)
          .map(projectDistillationJob)
          .find((job) => keyOf(job) === asked),
      childJobs: () => cluster.of(kubeJobs).map(projectJob),
      childPods: () => cluster.of(kubePods).map(projectPod),
      podsCompleteSince: () => this.#startedAt,
    };
  }

  #newGonePods(): GonePods {
    return new GonePods(this.clock, () => this.#live().job(key)?.isAtRest === false);
  }

  #newReconciler(given: OperatorDefaults): Reconciler {
    const { cluster, clock } = this;
    this.#departed = new DepartedJobs(clock);
    this.#writes = new RecentWrites(clock);
    this.#startedAt = clock.now();
    this.#gone = this.#newGonePods();
    this.#shown = new Map();
    this.#shownPods = new Map();
    const onProblem = () => void cluster.requests.push('problem');
    const events = { client: cluster, clock, onProblem };
    const labels = new NodeLabels({
      client: cluster,
      clock,
      onProblem: (problem) => void this.warnings.push(problem),
    });
    const cache = (): Cache => this.#frozen ?? this.#live();
    return new Reconciler({
      client: cluster as unknown as ReconcilerOptions['client'],
      clock,
      cache: {
        job: (asked) => cache().job(asked),
        childJobs: (uid) => cache().childJobs(uid),
        childPods: (uid) => cache().childPods(uid),
        podsCompleteSince: () => cache().podsCompleteSince(),
      },
      records: new JobRecords(cluster, given),
      statuses: new StatusWriter(cluster, clock),
      writes: this.#writes,
      departed: this.#departed,
      gone: this.#gone,
      claims: new Claims(cluster, clock),
      podless: new PodlessJobs(events),
      unseen: new UnseenPods(cluster, clock),
      complaints: new PodComplaints(events),
      obstacles: new Obstacles(clock),
      outside: new OutsideView({ labels, exporters: this.exporters }),
      recorder: { record: ({ reason }) => void cluster.requests.push(`event ${reason}`) },
      metrics: { statusWritten: () => undefined, unitCreated: () => undefined },
      progress: new Map(),
    });
  }
}

import type { SpecDigests } from '../../worker/contract/job-spec.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import { decide } from '../decide/decide.ts';
import { decideWithBaseline } from '../decide/decide-with-baseline.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Decision } from '../decide/decision.ts';
import { fitStatus } from '../decide/fit-status.ts';
import { deviceOf, packingOf, trainingOf } from '../decide/job-settings.ts';
import type { Observed, ObservedAttempt, Run, Why } from '../decide/observed.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/event-recorder.ts';
import type { OperatorMetrics } from '../program/metrics/operator-metrics.ts';
import { chooseUnits } from '../packing/choose-units.ts';
import { applyDecision, type Obstacles } from './apply-decision.ts';
import { findBaselineJob } from './baseline-job.ts';
import type { CachedJob } from './cached-job.ts';
import type { ChildJob } from './children.ts';
import type { Claims } from './claims.ts';
import type { ClusterCache } from './cluster-cache.ts';
import type { JobRecord, JobRecords, PlanRecord } from './job-records.ts';
import { apiVersion, kind } from '../../crds/distillation-job.ts';
import type { DepartedJobs } from './departed-jobs.ts';
import { gatherChildren, type Children } from './gather-children.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import type { GonePods } from './gone-pods.ts';
import { observeAttempts, type ObservedAttempts } from './observe-attempts.ts';
import { invalidObserved, observedOf, restingObserved } from './observed-job.ts';
import { withOutOfSight } from './out-of-sight.ts';
import type { OutsideView } from './outside-view.ts';
import { pinnedImage } from './pinned-image.ts';
import { isPreparing, preparationSeconds, type PodComplaints } from './pod-complaints.ts';
import { podlessSeconds, type Podless, type PodlessJobs } from './podless-jobs.ts';
import type { RecentWrites } from './recent-writes.ts';
import { recordResults } from './record-results.ts';
import { runsOfPods } from './runs-of-pods.ts';
import type { StatusWriter, WriteOutcome } from './status-writer.ts';
import { unseenSeconds, type UnseenPods } from './unseen-pods.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly cache: Pick<ClusterCache, 'job' | 'childJobs' | 'childPods' | 'podsCompleteSince'>;
  readonly records: JobRecords;
  readonly statuses: StatusWriter;
  readonly writes: RecentWrites;
  readonly departed: DepartedJobs;
  readonly claims: Claims;
  readonly podless: PodlessJobs;
  readonly gone: GonePods;
  readonly unseen: UnseenPods;
  readonly complaints: PodComplaints;
  readonly obstacles: Obstacles;
  readonly outside: OutsideView;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly metrics: Pick<OperatorMetrics, 'statusWritten' | 'unitCreated'>;
  /** By the UID of the pod. */
  readonly progress: ReadonlyMap<string, Progress>;
}

/** How often figures are looked at while pods run. */
const refreshSeconds = 30;

/** Until the watch should have shown what was written. */
const staleSeconds = 5;

/** One DistillationJob, once: observe, decide, apply. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Everything is listed when the first job is looked at, and changes are told from then on. */
  #watchedSince: Date | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** @returns in how many seconds to look again though nothing has changed; undefined when there is no need to */
  async reconcile(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { cache, statuses, clock } = this.#options;
    this.#watchedSince ??= clock.now();
    const cached = cache.job(key);
    if (cached === undefined || cached.object.metadata.deletionTimestamp !== undefined) return undefined;
    if (statuses.isBehind(cached.object)) return staleSeconds;
    const children = gatherChildren(this.#options, cached.metadata);
    return cached.isAtRest
      ? await this.#clearUp(cached, children, signal)
      : await this.#goOn(statuses.asWritten(cached.object), children, signal);
  }

  /** The job of this UID is gone, or has nothing left to be done for it. */
  forget(uid: string): void {
    const { records, statuses, writes, gone, obstacles, outside } = this.#options;
    for (const each of [records, statuses, writes, gone, obstacles, outside]) each.forget(uid);
  }

  /** A job that has ended: what still runs is ended, and what is left goes when its time has come. */
  async #clearUp(
    { object }: CachedJob,
    children: Children,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { uid = '' } = object.metadata;
    this.#options.records.forget(uid);
    this.#options.outside.forget(uid);
    this.#options.gone.forget(uid);
    for (const job of children.jobs) this.#options.unseen.forget(job);
    if (children.jobs.length === 0) {
      this.forget(uid);
      return undefined;
    }
    const observed = restingObserved(object, this.#observe(uid, children).attempts);
    const decision = decide(observed, this.#options.clock.now());
    await applyDecision(this.#options, { object, children, decision, record: undefined }, signal);
    return decision.requeueAfterSeconds;
  }

  async #goOn(
    object: DistillationJobObject,
    seen: Children,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { records, clock } = this.#options;
    const loaded = await records.load(object, { signal });
    if (loaded.kind === 'Invalid') {
      const observed = invalidObserved(object, loaded.why);
      return await this.#carryOut(
        { object, children: seen, record: undefined },
        decide(observed, clock.now()),
        signal,
      );
    }
    const { children, known, again } = await this.#askedAbout(seen);
    let { record } = loaded;
    let observation = this.#observe(object.metadata.uid ?? '', children, { record, ...known });
    if (record.plan === undefined && observation.prepared !== undefined) {
      record = await records.recordPlan(object, planOf(record, observation.prepared), { signal });
      observation = this.#observe(object.metadata.uid ?? '', children, { record, ...known });
    }
    if (record.student === undefined && observation.student !== undefined) {
      record = await records.recordStudent(object, observation.student, { signal });
    }
    const facts = await this.#options.claims.factsOf(object.metadata.namespace ?? '', record.accepted, {
      signal,
    });
    const obstacle = record.refused ?? this.#options.obstacles.get(object);
    const unusable = facts.unusable ?? this.#finalRefusal(object, observation.attempts);
    const until = this.#options.departed.unsettledUntil();
    const own = observedOf(object, record, withOutOfSight(observation, { object, record, until }));
    const { uid = '' } = object.metadata;
    const runs = this.#runs(object, children, record);
    const look = { uid, runs, pods: children.pods, spec: record.current.spec };
    const observed: Observed = {
      ...own,
      ...(await this.#options.outside.look(look, { signal })),
      notices: facts.notices,
      ...(this.#watchedSince === undefined ? {} : { watchedSince: this.#watchedSince }),
      ...(obstacle === undefined ? {} : { obstacle }),
      ...(unusable === undefined ? {} : { invalid: { reason: 'InvalidSpec', message: unusable } }),
    };
    const job = { object, record };
    const decision = await decideWithBaseline(
      observed,
      clock.now(),
      async (name) => await findBaselineJob(this.#options, { ...job, name }, { signal }),
    );
    const onOneNode = facts.onOneNode;
    const wait = await this.#carryOut({ object, children, record, onOneNode }, decision, signal);
    // Last, because others wait for what was decided, and nobody for this.
    const nextResult = await recordResults(this.#options, observation.unrecorded, signal);
    return earliest(nextResult, wait, again, runsOf(observed));
  }

  /** What the watches don't tell of some children, and in how many seconds to ask again. */
  async #askedAbout(seen: Children): Promise<{
    readonly children: Children;
    readonly known: Omit<Known, 'record'>;
    readonly again: number | undefined;
  }> {
    const { unseen, complaints } = this.#options;
    const unseenPods = await unseen.of(seen);
    const children = { ...seen, pods: [...seen.pods, ...unseenPods] };
    const podless = await this.#reasonsForPodless(children);
    const preparing = children.pods.filter(isPreparing);
    const known = {
      podless,
      complaints: await complaints.about(preparing),
      unseen: new Set(unseenPods.map(({ metadata }) => metadata.uid)),
    };
    const again = earliest(
      withoutPods(children).length > 0 ? podlessSeconds : undefined,
      preparing.length > 0 ? preparationSeconds : undefined,
      unseenPods.some(({ end }) => end === undefined) ? unseenSeconds : undefined,
    );
    return { children, known, again };
  }

  async #carryOut(job: Carried, decision: Decision, signal: AbortSignal): Promise<number | undefined> {
    const { metrics } = this.#options;
    const { object } = job;
    const outcome = await this.#writeStatus(object, fitStatus(decision.status), signal);
    if (outcome.kind === 'Conflict') {
      metrics.statusWritten('conflict');
      return staleSeconds;
    }
    if (outcome.kind === 'Written') {
      metrics.statusWritten('written');
      this.#record(object, decision);
    }
    const next = await applyDecision(this.#options, { ...job, decision }, signal);
    return earliest(
      decision.requeueAfterSeconds,
      outcome.kind === 'Later' ? outcome.seconds : undefined,
      next,
    );
  }

  async #writeStatus(
    object: DistillationJobObject,
    status: DistillationJobStatus,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const { statuses, metrics } = this.#options;
    try {
      return await statuses.write(object, status, { signal });
    } catch (error) {
      metrics.statusWritten('error');
      throw error;
    }
  }

  #record({ metadata }: DistillationJobObject, { events }: Decision): void {
    const { name = '', namespace, uid = '' } = metadata;
    const regarding = { apiVersion, kind, name, uid, ...(namespace === undefined ? {} : { namespace }) };
    for (const { type, reason, message } of events) {
      this.#options.recorder.record({ regarding, type, reason, action: 'Reconcile', note: message });
    }
  }

  #observe(uid: string, children: Children, known?: Known): ObservedAttempts {
    const { clock, progress } = this.#options;
    const { record, podless = new Map<string, Podless>(), complaints = new Map<string, Why>() } = known ?? {};
    const { unseen = new Set<string>() } = known ?? {};
    const { plan, specDigests, accepted } = record ?? {};
    return observeAttempts({
      uid,
      ...children,
      specDigests: specDigests ?? noDigests,
      device: (stage) => (accepted === undefined ? 'CPU' : deviceOf(accepted.compiled.spec, stage)),
      ...(plan === undefined ? {} : { plan: planToObserve(plan) }),
      formerJobs: this.#options.writes.jobsOf(uid),
      progress,
      podless,
      complaints,
      unseen,
      now: clock.now(),
    });
  }

  #runs(
    { metadata: { uid = '' }, status }: DistillationJobObject,
    { jobs, pods }: Children,
    { accepted }: JobRecord,
  ): readonly Run[] {
    const { cache, gone, writes, clock } = this.#options;
    return runsOfPods({
      uid,
      jobs,
      pods,
      gone: gone.of(uid),
      formerJobs: writes.jobsOf(uid),
      previous: status,
      device: (stage) => deviceOf(accepted.compiled.spec, stage),
      watchedSince: cache.podsCompleteSince() ?? clock.now(),
      now: clock.now(),
    });
  }

  async #reasonsForPodless(children: Children): Promise<ReadonlyMap<string, Podless>> {
    const { podless } = this.#options;
    const without = new Set(withoutPods(children));
    for (const job of children.jobs) if (!without.has(job)) podless.forget(job);
    return await podless.reasonsFor([...without]);
  }

  /** A refusal that only an edit can mend ends the job, once nothing runs that could still be of use. */
  #finalRefusal(object: DistillationJobObject, attempts: readonly ObservedAttempt[]): string | undefined {
    const running = attempts.some(({ state }) => state === 'Running' || state === 'Pending');
    return running ? undefined : this.#options.obstacles.finalRefusal(object);
  }
}

/** Jobs that should have a pod that lives, and have none. */
function withoutPods({ jobs, pods }: Pick<Children, 'jobs' | 'pods'>): readonly ChildJob[] {
  const live = pods.filter(({ end }) => end === undefined);
  const withPods = new Set(live.map(({ controllerUid }) => controllerUid));
  return jobs.filter(
    ({ end, isSuspended, isDeleting, metadata }) =>
      end === undefined && !isSuspended && !isDeleting && !withPods.has(metadata.uid),
  );
}

/** What is known beside the children themselves. */
interface Known {
  readonly record: JobRecord;
  readonly podless: ReadonlyMap<string, Podless>;
  readonly complaints: ReadonlyMap<string, Why>;
  readonly unseen: ReadonlySet<string>;
}

interface Carried {
  readonly object: DistillationJobObject;
  readonly children: Children;
  readonly record: JobRecord | undefined;
  readonly onOneNode?: boolean;
}

const noDigest = `sha256:${'0'.repeat(64)}` as const;
const noDigests: SpecDigests = {
  Prepare: noDigest,
  Distill: noDigest,
  Finetune: noDigest,
};

function planToObserve({ message, units }: PlanRecord) {
  const { facts, plan } = message;
  return { digest: facts.plan.digest, blocks: plan.blocks.map(({ name }) => name), units };
}

function planOf(
  record: JobRecord,
  { message, imageId }: NonNullable<ObservedAttempts['prepared']>,
): PlanRecord {
  const { accepted, current } = record;
  const training = trainingOf(accepted.compiled);
  const pinned = pinnedImage(accepted.image, imageId);
  return {
    record: 'Plan',
    message,
    units: chooseUnits(message, training, packingOf(current)),
    image: pinned === undefined ? undefined : { pinned, accepted: accepted.image },
  };
}

function runsOf({ attempts }: Observed): number | undefined {
  return attempts.some(({ state }) => state === 'Running') ? refreshSeconds : undefined;
}

function earliest(...seconds: readonly (number | undefined)[]): number | undefined {
  const known = seconds.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

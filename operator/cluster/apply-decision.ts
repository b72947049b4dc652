import type { Decision, UnitToCreate } from '../decide/decision.ts';
import type { Why } from '../decide/observed.ts';
import { isApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { OperatorMetrics } from '../program/metrics/operator-metrics.ts';
import { projectJob, type ChildIdentity, type ChildJob } from './children.ts';
import { creationProblem, illegible, nameTaken } from './creation-problem.ts';
import { imageOf, type JobRecord } from './job-records.ts';
import { kubeJobs, type DistillationJobObject, type KubeJob } from './kube-objects.ts';
import { settingsOf } from './cached-job.ts';
import { jobNameOf } from './names.ts';
import type { RecentWrites } from './recent-writes.ts';
import { renderJob } from './render-job.ts';

export interface ApplyOptions {
  readonly client: Pick<KubeClient, 'create' | 'delete' | 'get'>;
  readonly writes: RecentWrites;
  readonly obstacles: Obstacles;
  readonly metrics: Pick<OperatorMetrics, 'unitCreated'>;
}

export interface DecisionToApply {
  readonly object: DistillationJobObject;
  readonly children: { readonly jobs: readonly ChildJob[] };
  readonly decision: Decision;
  /** Needed where something is to be created. */
  readonly record: JobRecord | undefined;
  readonly onOneNode?: boolean;
}

/** @returns in how many seconds to try again what could not be done */
export async function applyDecision(
  options: ApplyOptions,
  applied: DecisionToApply,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { object, decision, record } = applied;
  await removeJobs(options, applied, signal);
  const { obstacles } = options;
  const wait = obstacles.secondsLeft(object);
  if (decision.create.length === 0 || record === undefined || record.refused !== undefined) return undefined;
  if (wait > 0) return wait;
  const problems = await Promise.all(
    decision.create.map(async (unit) => await createJob(options, { ...applied, unit, record }, signal)),
  );
  const problem = problems.find((each) => each !== undefined);
  if (problem === undefined) {
    obstacles.passed(object);
    return undefined;
  }
  obstacles.met(object, problem);
  // The status is to say so at once.
  return 0;
}

async function removeJobs(
  { client, writes }: ApplyOptions,
  { children, decision }: DecisionToApply,
  signal: AbortSignal,
): Promise<void> {
  const ids = new Set(decision.remove.map(({ id }) => id));
  const jobs = children.jobs.filter(({ metadata, isDeleting }) => ids.has(metadata.name) && !isDeleting);
  await Promise.all(
    jobs.map(async (job) => {
      const { name, namespace, uid } = job.metadata;
      try {
        // In the foreground, so that the Job is seen until its pod has ended.
        const options = { uid, propagation: 'Foreground', signal } as const;
        if (await client.delete(kubeJobs, { namespace, name }, options)) writes.deleted(job);
      } catch (error) {
        if (!isApiError(error, 'Conflict')) throw error;
      }
    }),
  );
}

interface CreationToApply extends DecisionToApply {
  readonly unit: UnitToCreate;
  readonly record: JobRecord;
}

interface Problem {
  readonly why: Why;
  readonly final: boolean;
}

async function createJob(
  { client, writes, metrics }: ApplyOptions,
  { object, unit, record, onOneNode = false }: CreationToApply,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { name = '', namespace = '', uid = '', labels } = object.metadata;
  const { accepted, specDigests, revision } = record;
  const job = renderJob({
    owner: { name, namespace, uid, labels },
    accepted: { ...accepted, image: imageOf(record) },
    specDigests,
    unit,
    retry: settingsOf(object).retry ?? 0,
    revision,
    onOneNode,
  });
  try {
    const created = await client.create(kubeJobs, job, { signal });
    metrics.unitCreated(unit.stage);
    return takeOver(created, uid, writes);
  } catch (error) {
    const jobName = job.metadata.name ?? '';
    if (!isApiError(error, 'AlreadyExists')) {
      const problem = creationProblem(error, jobName);
      if (problem === undefined) throw error;
      return problem;
    }
    const found = await client.get(kubeJobs, { namespace, name: jobName }, { signal });
    // It has gone since: another try will find the name free.
    if (found === undefined) throw error;
    return takeOver(found, uid, writes);
  }
}

/** It was made just now, by an earlier try whose answer was lost, or is somebody else's. */
function takeOver(found: KubeJob, uid: string, writes: RecentWrites): Problem | undefined {
  const job = projectJob(found);
  const { name } = job.metadata;
  if (job.controllerUid !== uid) return { why: nameTaken(name), final: false };
  // It would not be known again, and asked for without end.
  if (job.identity?.ownerUid !== uid || nameBy(job.identity) !== name) {
    return { why: illegible(name), final: false };
  }
  writes.created(uid, job);
  return undefined;
}

function nameBy({ ownerName, stage, index, attempt }: ChildIdentity): string {
  return jobNameOf(ownerName, { stage, index, attemptNumber: attempt });
}

interface Obstacle extends Problem {
  readonly generation: number | undefined;
  readonly tries: number;
  readonly until: number;
}

const firstWaitSeconds = 5;
const longestWaitSeconds = 300;

/** What keeps jobs from getting their next attempt, and when it is worth another try. */
export class Obstacles {
  readonly #clock: Clock;
  readonly #obstacles = new Map<string, Obstacle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  met({ metadata: { uid = '', generation } }: DistillationJobObject, problem: Problem): void {
    const tries = (this.#obstacles.get(uid)?.tries ?? 0) + 1;
    const wait = Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (tries - 1));
    this.#obstacles.set(uid, { ...problem, generation, tries, until: this.#clock.seconds() + wait });
  }

  passed({ metadata: { uid = '' } }: DistillationJobObject): void {
    this.#obstacles.delete(uid);
  }

  forget(uid: string): void {
    this.#obstacles.delete(uid);
  }

  /** An edit may have removed it. */
  get(object: DistillationJobObject): Why | undefined {
    return this.#present(object)?.why;
  }

  /** What will be refused as long as nobody edits the job. */
  finalRefusal(object: DistillationJobObject): string | undefined {
    const obstacle = this.#present(object);
    return obstacle?.final === true ? obstacle.why.message : undefined;
  }

  secondsLeft(object: DistillationJobObject): number {
    const obstacle = this.#present(object);
    return obstacle === undefined ? 0 : Math.max(0, obstacle.until - this.#clock.seconds());
  }

  #present({ metadata: { uid = '', generation } }: DistillationJobObject): Obstacle | undefined {
    const obstacle = this.#obstacles.get(uid);
    return obstacle?.generation === generation ? obstacle : undefined;
  }
}

import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Run } from '../decide/observed.ts';
import { rememberedRuns } from '../decide/remembered-pods.ts';
import { abandonmentOf } from './attempt-state.ts';
import { clockSkewSeconds, type ChildJob, type ChildPod } from './children.ts';
import type { Gone } from './gone-pods.ts';
import { stageOfUnit, unitNameOf } from './names.ts';

export interface PodsToTime {
  /** UID of the DistillationJob. */
  readonly uid: string;
  readonly jobs: readonly ChildJob[];
  readonly pods: readonly ChildPod[];
  readonly gone: { readonly pods: readonly Gone<ChildPod>[]; readonly jobs: readonly Gone<ChildJob>[] };
  /** UIDs of Jobs that it had, also of those that are gone. */
  readonly formerJobs: ReadonlySet<string>;
  /** What was known of them before. */
  readonly previous: Pick<DistillationJobStatus, 'pods'> | undefined;
  readonly device: (stage: Stage) => 'CPU' | 'GPU';
  /** Since when no pod can have come and gone unseen. */
  readonly watchedSince: Date;
  readonly now: Date;
}

/** When pods of a job ran: those that are there, those that were seen to go, and those that its status remembers. */
export function runsOfPods(input: PodsToTime): readonly Run[] {
  const { uid, jobs, pods, gone, formerJobs, previous, device, now } = input;
  const own = new Set([
    ...jobs.filter(({ controllerUid }) => controllerUid === uid).map(({ metadata }) => metadata.uid),
    ...formerJobs,
  ]);
  // Anybody can label a pod.
  const isOwn = ({ controllerUid }: ChildPod): boolean => own.has(controllerUid ?? '');
  const ownJobs = [...jobs, ...gone.jobs.map(({ object }) => object)];
  const seen = [
    ...pods.filter(isOwn).map((pod) => runOfPod(pod, { until: undefined, now })),
    ...gone.pods
      .filter(({ object }) => isOwn(object))
      .map(({ object, at }) => runOfPod(object, { until: at, now })),
  ].flatMap((run) => run ?? []);
  const ofPods = merged([...rememberedRuns(previous ?? {}), ...seen]);
  const known = ownJobs.reduce<readonly Run[]>((all, job) => withJob(all, job, input), ofPods);
  const begun = new Set(known.map(({ unit, attempt }) => `${unit} ${attempt}`));
  const never = gone.jobs
    .flatMap((job) => neverRan(job, input))
    .filter(({ unit, attempt }) => !begun.has(`${unit} ${attempt}`));
  return [...known, ...never].map((run) => ({ ...run, device: device(stageOfUnit(run.unit)) }));
}

function runOfPod(
  pod: ChildPod,
  { until, now }: { readonly until: Date | undefined; readonly now: Date },
): Run | undefined {
  const { identity, metadata, node, createdAt, startedAt } = pod;
  // Somebody has taken its labels away.
  if (identity === undefined) return undefined;
  const start = dateOf(startedAt);
  const ended = endOf(pod, until, now);
  // Several clocks have a say in it.
  const end = start !== undefined && ended !== undefined && ended < start ? start : ended;
  return {
    unit: unitNameOf(identity.stage, identity.index),
    attempt: identity.attempt,
    name: metadata.name,
    node,
    created: dateOf(createdAt),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

/** A Job that was made or resumed has its pod at once, unless something keeps it from that. */
const promptSeconds = 30;

/**
 * The first pod of an attempt could have begun when its Job was made. Was that before anybody watched, and the first pod
 * that is known was made much later, then there may have been another one before it.
 */
function withJob(runs: readonly Run[], job: ChildJob, { uid, watchedSince }: PodsToTime): readonly Run[] {
  const { identity, metadata, controllerUid, createdAt } = job;
  const made = dateOf(createdAt);
  if (identity === undefined || controllerUid !== uid || made === undefined) return runs;
  const unit = unitNameOf(identity.stage, identity.index);
  const own = runs.filter((run) => run.unit === unit && run.attempt === identity.attempt);
  const first = own.toSorted((a, b) => createdOf(a) - createdOf(b))[0];
  if (first === undefined) return runs;
  // Before it was resumed, its controller made none.
  const possible = dateOf(job.firstResumedAt) ?? made;
  const isPrompt = createdOf(first) - possible.getTime() <= promptSeconds * 1000;
  const wasWatched = made.getTime() >= watchedSince.getTime() + clockSkewSeconds * 1000;
  if (isPrompt || wasWatched) {
    return runs.map((run) => (run === first ? { ...run, created: earlier(run.created, createdAt) } : run));
  }
  const unseen: Run = { unit, attempt: identity.attempt, name: metadata.name, created: made, isUnseen: true };
  return own.some(({ isUnseen }) => isUnseen === true) ? runs : [...runs, unseen];
}

function createdOf({ created, start }: Run): number {
  return (created ?? start)?.getTime() ?? Infinity;
}

/** A pod that did not end when it was told to, held its device as far as anybody knows until it should have ended. */
function endOf({ end, deadline }: ChildPod, until: Date | undefined, now: Date): Date | undefined {
  if (end !== undefined) return end.finishedAt === undefined ? (until ?? now) : new Date(end.finishedAt);
  if (deadline === undefined) return until;
  if (until !== undefined) return until < new Date(deadline) ? until : new Date(deadline);
  return now.getTime() >= abandonmentOf(deadline) ? new Date(deadline) : undefined;
}

function earlier(time: Date | undefined, other: string | undefined): Date | undefined {
  const date = dateOf(other);
  if (date === undefined) return time;
  return time === undefined || date < time ? date : time;
}

/** Undefined for what has no time, as nothing that the API server has. */
function dateOf(time: string | undefined): Date | undefined {
  return time === undefined || time === '' ? undefined : new Date(time);
}

/** What was known first of a pod's times is what counts, but for those that were not known. */
function merged(runs: readonly Run[]): readonly Run[] {
  const byName = new Map<string, Run>();
  for (const run of runs) {
    const { start, end, created, node } = byName.get(run.name) ?? {};
    byName.set(run.name, {
      ...byName.get(run.name),
      ...run,
      node: run.node ?? node,
      created: created ?? run.created,
      start: start ?? run.start,
      end: end ?? run.end,
    });
  }
  return [...byName.values()];
}

/** A Job that was seen from its beginning to its end, and had no pod in between. */
function neverRan({ object, at }: Gone<ChildJob>, { uid, watchedSince }: PodsToTime): Run[] {
  const { identity, metadata, createdAt, controllerUid } = object;
  const created = dateOf(createdAt);
  if (identity === undefined || controllerUid !== uid) return [];
  if (created === undefined || created.getTime() < watchedSince.getTime() + clockSkewSeconds * 1000)
    return [];
  const { stage, index, attempt } = identity;
  return [{ unit: unitNameOf(stage, index), attempt, name: metadata.name, created, end: at }];
}

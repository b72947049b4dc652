import { decodeUnitMessage, isUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import type { Digest } from '../../common/digest.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { CommittedResult, ObservedAttempt } from '../decide/observed.ts';
import type { ChildIdentity, ChildJob, ChildPod, PodEnd } from './children.ts';
import { unitNameOf } from './names.ts';
import type { Podless } from './podless-jobs.ts';
import { waitingSentence } from './waiting.ts';

export interface AttemptsToObserve {
  /** UID of the DistillationJob. */
  readonly uid: string;
  /** Labelled as its children; those that it doesn't own are passed over. */
  readonly jobs: readonly ChildJob[];
  readonly pods: readonly ChildPod[];
  readonly specDigests: Readonly<Record<Stage, Digest>>;
  readonly device: (stage: Stage) => 'CPU' | 'GPU';
  /** Present once a plan is committed: what later results must belong to. */
  readonly plan?: {
    readonly digest: Digest;
    /** All blocks in the plan's order. */
    readonly blocks: readonly string[];
    readonly units: readonly (readonly string[])[];
  };
  /** UIDs of Jobs that it had, also of those that are gone. */
  readonly formerJobs: ReadonlySet<string>;
  /** By the UID of the pod. */
  readonly progress: ReadonlyMap<string, Progress>;
  /** Jobs that have been without a pod for a while, by their UID. */
  readonly podless: ReadonlyMap<string, Podless>;
  readonly now: Date;
}

export interface Unrecorded {
  readonly job: ChildJob;
  readonly text: string;
  /** When its Job ended. */
  readonly since: Date;
}

export interface ObservedAttempts {
  readonly attempts: readonly ObservedAttempt[];
  /** What prepare said, from its first attempt that has a valid result. */
  readonly prepared:
    { readonly message: UnitMessage & { stage: 'Prepare' }; readonly imageId?: string } | undefined;
  /** What finetune said. */
  readonly student: (UnitMessage & { stage: 'Finetune' }) | undefined;
  /** Jobs that have ended and whose pod's message is not noted down on them yet. */
  readonly unrecorded: readonly Unrecorded[];
  /** When a pod that can't be reached will have been given enough time. */
  readonly changesAt: Date | undefined;
}

/** How long a pod may be overdue before it is given up: its node is gone, though its Node object may be there. */
const patienceSeconds = 300;

/**
 * The attempts at a job's units, from its Jobs and their pods. A pod whose Job is gone is an attempt that is about to
 * end: until it has, its device is not free.
 */
export function observeAttempts(input: AttemptsToObserve): ObservedAttempts {
  const attempts: ObservedAttempt[] = [];
  const unrecorded: Unrecorded[] = [];
  let prepared: ObservedAttempts['prepared'];
  let student: ObservedAttempts['student'];
  const podsByController = Map.groupBy(input.pods, ({ controllerUid }) => controllerUid);
  const own = input.jobs.filter((job) => job.controllerUid === input.uid && job.identity !== undefined);
  const known = new Set(own.map(({ metadata }) => metadata.uid));
  for (const job of own) {
    const pods = podsByController.get(job.metadata.uid) ?? [];
    const said = messageOf(job, pods, input);
    // Not before: the controller of Jobs writes to it until then, and waits whenever somebody else has.
    if (said !== undefined && job.end !== undefined && job.result === undefined) {
      unrecorded.push({ job, text: said.text, since: new Date(job.end.time) });
    }
    if (said?.message.stage === 'Prepare') prepared ??= preparedBy(said.message, said.pod);
    if (said?.message.stage === 'Finetune') student ??= said.message;
    attempts.push(attemptOf(job, pods, said, input));
  }
  const orphans = input.pods.filter(
    ({ controllerUid, identity }) => identity?.ownerUid === input.uid && !known.has(controllerUid ?? ''),
  );
  for (const pod of orphans) {
    // Anybody can label a pod: its word counts only when it was made by a Job that was ours.
    const isOwn = input.formerJobs.has(pod.controllerUid ?? '');
    const said = isOwn ? messageOf(undefined, [pod], input) : undefined;
    if (said?.message.stage === 'Prepare') prepared ??= preparedBy(said.message, pod);
    if (said?.message.stage === 'Finetune') student ??= said.message;
    const attempt = orphanAttempt(pod, said, input);
    if (attempt !== undefined) attempts.push(attempt);
  }
  return {
    attempts: attempts.toSorted((a, b) => a.number - b.number),
    prepared,
    student,
    unrecorded,
    changesAt: nextAbandonment(input),
  };
}

function preparedBy(
  message: UnitMessage & { stage: 'Prepare' },
  pod: ChildPod | undefined,
): NonNullable<ObservedAttempts['prepared']> {
  return { message, ...(pod?.imageId === undefined ? {} : { imageId: pod.imageId }) };
}

interface Said {
  readonly text: string;
  readonly message: UnitMessage;
  readonly pod?: ChildPod;
}

/** The first message that is one of this unit of this job: the pods' own, or what the Job has noted down. */
function messageOf(
  job: ChildJob | undefined,
  pods: readonly ChildPod[],
  input: AttemptsToObserve,
): Said | undefined {
  for (const pod of pods) {
    const text = pod.end?.message ?? '';
    const identity = job?.identity ?? pod.identity;
    const message = identity === undefined ? undefined : messageIn(pod, { text, identity, input });
    if (message !== undefined) return { text, message, pod };
  }
  if (job?.result === undefined || job.identity === undefined) return undefined;
  const message = messageIn(job, { text: job.result, identity: job.identity, input });
  return message === undefined ? undefined : { text: job.result, message };
}

/** Messages of what is cached, with the digests that they were judged by: a job is looked at often, and has many. */
const messages = new WeakMap<
  ChildJob | ChildPod,
  { readonly digests: string; readonly message: UnitMessage | undefined }
>();

function messageIn(
  child: ChildJob | ChildPod,
  { text, identity, input }: { text: string; identity: ChildIdentity; input: AttemptsToObserve },
): UnitMessage | undefined {
  const digests = `${input.specDigests[identity.stage]} ${input.plan?.digest}`;
  const known = messages.get(child);
  if (known?.digests === digests) return known.message;
  const message = validMessage(text, identity, input);
  messages.set(child, { digests, message });
  return message;
}

function validMessage(
  text: string,
  { stage, index }: ChildIdentity,
  { uid, specDigests, plan }: AttemptsToObserve,
): UnitMessage | undefined {
  const blocks = stage === 'Finetune' ? plan?.blocks : plan?.units[index];
  const message = decodeUnitMessage(text, blocks ?? []);
  if (message?.stage !== stage) return undefined;
  const { facts } = message;
  if (facts.jobUid !== uid || facts.unit !== unitNameOf(stage, index)) return undefined;
  if (facts.specDigest !== specDigests[stage]) return undefined;
  if (facts.stage !== 'Prepare' && facts.planDigest !== plan?.digest) return undefined;
  return message;
}

function attemptOf(
  job: ChildJob,
  pods: readonly ChildPod[],
  said: Said | undefined,
  input: AttemptsToObserve,
): ObservedAttempt {
  const last = pods.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1);
  const base = baseOf(job.identity, job.metadata.name, { last, pods, input });
  if (said !== undefined) return { ...base, ...succeeded(said) };
  const live = pods.filter(({ end }) => end === undefined);
  const isLost = live.length > 0 && live.every((pod) => isOverdue(pod, input.now));
  // A Job ends after its pod, but may be seen first: what the pod has said is yet to come.
  if (job.end !== undefined && (live.length === 0 || isLost)) return { ...base, ...endedWith(job, last) };
  if (isLost) return { ...base, ...lostWith(live) };
  // Its Job will be complete in a moment.
  if (live.length === 0 && last?.end?.exitCode === exitCode.Committed) {
    return { ...base, ...unheard(job, last.end.finishedAt ?? job.createdAt) };
  }
  if (job.isDeleting && live.length === 0) {
    return { ...base, state: 'Interrupted', endTime: new Date(job.deletedAt ?? input.now) };
  }
  const runs = live.some(({ phase }) => phase === 'Running');
  return {
    ...base,
    state: runs ? 'Running' : 'Pending',
    ...(job.isDeleting ? { stopping: true } : {}),
    ...(runs ? {} : pendingOf(job, live[0], { unit: base.unit, input })),
  };
}

function endedWith(
  job: ChildJob,
  pod: ChildPod | undefined,
): Pick<ObservedAttempt, 'state'> & Partial<ObservedAttempt> {
  const { metadata, end } = job;
  if (end === undefined) throw new Error(`${metadata.name} has not ended`);
  if (end.type === 'Failed') return { ...failureOf(end, pod), endTime: new Date(end.time) };
  return unheard(job, end.time);
}

function unheard(
  { metadata }: ChildJob,
  time: string,
): Pick<ObservedAttempt, 'state'> & Partial<ObservedAttempt> {
  const message = `The Job ${metadata.name} is complete, but its pod's word of it is lost: the next attempt asks for it.`;
  return { state: 'Interrupted', hapless: true, endTime: new Date(time), message };
}

/** A pod whose Job was deleted under it. */
function orphanAttempt(
  pod: ChildPod,
  said: Said | undefined,
  input: AttemptsToObserve,
): ObservedAttempt | undefined {
  const base = baseOf(pod.identity, pod.metadata.name, { last: pod, pods: [pod], input });
  if (said !== undefined) return { ...base, ...succeeded(said) };
  // What is left of it holds no device: whether it failed is no matter, since nobody can count it any more.
  if (pod.end !== undefined || isOverdue(pod, input.now)) return undefined;
  return { ...base, state: pod.phase === 'Running' ? 'Running' : 'Pending', stopping: true };
}

interface BaseInput {
  readonly last: ChildPod | undefined;
  readonly pods: readonly ChildPod[];
  readonly input: AttemptsToObserve;
}

function baseOf(
  identity: ChildIdentity | undefined,
  id: string,
  { last, pods, input }: BaseInput,
): Omit<ObservedAttempt, 'state'> {
  if (identity === undefined) throw new Error(`${id} has no identity`);
  const { stage, index, attempt, retry, revision } = identity;
  const starts = pods.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt])).toSorted();
  const progress = last === undefined ? undefined : input.progress.get(last.metadata.uid);
  return {
    unit: unitNameOf(stage, index),
    stage,
    id,
    number: attempt,
    retry,
    revision,
    device: input.device(stage),
    ...(starts[0] === undefined ? {} : { startTime: new Date(starts[0]) }),
    ...(last?.node === undefined ? {} : { node: last.node }),
    ...(progress === undefined ? {} : { progress }),
  };
}

function succeeded({ message, pod }: Said): Partial<ObservedAttempt> & Pick<ObservedAttempt, 'state'> {
  const { facts, reference } = message;
  const result: CommittedResult = { value: facts, reference };
  return {
    state: 'Succeeded',
    result,
    startTime: new Date(pod?.startedAt ?? facts.startTime),
    endTime: new Date(pod?.end?.finishedAt ?? facts.completionTime),
  };
}

/** Who is to blame decides whether it counts: the worker, its input, or nobody. */
function failureOf(
  job: { reason: string; message: string },
  pod: ChildPod | undefined,
): Pick<ObservedAttempt, 'state'> & Partial<ObservedAttempt> {
  const end = pod?.end;
  // A pod may be gone with its node; that its exit code was one that the policy names, the Job still says.
  if (end === undefined && job.reason === 'PodFailurePolicy') {
    return { state: 'Failed', exitCode: exitCode.InvalidInput, message: job.message };
  }
  if (end === undefined) {
    const message = `Its Job failed without leaving a pod: ${job.message || job.reason}`;
    return { state: 'Interrupted', hapless: true, message };
  }
  if (end.exitCode === undefined) {
    return { state: 'Interrupted', hapless: true, message: `No container of its pod ran: ${saidBy(end)}` };
  }
  if (end.exitCode === exitCode.Interrupted || end.disruption !== undefined) {
    return { state: 'Interrupted', exitCode: end.exitCode, message: saidBy(end) };
  }
  return { state: 'Failed', exitCode: end.exitCode, message: failureMessage(end) };
}

function failureMessage(end: PodEnd): string {
  if (end.reason === 'OOMKilled') {
    return 'The worker was ended because its memory ran out (OOMKilled): raise spec.resources.memory, or lower spec.execution.activationCache.memory or the batch size.';
  }
  if (end.exitCode === exitCode.Committed) {
    return isUnitMessage(end.message)
      ? 'The worker said that it was done, but what it said belongs to another job, spec or plan, or is damaged.'
      : 'The worker said that it was done, but gave no proof of it.';
  }
  return end.message.trim() || `The worker ended with exit code ${end.exitCode}; its log may say why.`;
}

function saidBy({ reason, message, disruption }: PodEnd): string {
  return [disruption ?? reason, message].filter(Boolean).join(': ') || 'no reason given';
}

function lostWith(pods: readonly ChildPod[]): Pick<ObservedAttempt, 'state'> & Partial<ObservedAttempt> {
  const where = pods[0]?.node === undefined ? '' : ` on node ${pods[0].node}`;
  const message = `Its pod${where} did not end though it was told to: it is given up, and what it still writes harms nobody.`;
  const endTime = new Date(pods[0]?.deadline ?? 0);
  return { state: 'Interrupted', abandoned: true, endTime, message };
}

interface PendingInput {
  readonly unit: string;
  readonly input: AttemptsToObserve;
}

function pendingOf(
  job: ChildJob,
  pod: ChildPod | undefined,
  { unit, input }: PendingInput,
): Partial<ObservedAttempt> {
  if (job.isSuspended) {
    const place = job.queue === undefined ? 'to be resumed' : `for its turn in the queue ${job.queue}`;
    return { waiting: { reason: 'Queued', message: `${unit} waits ${place}.` } };
  }
  if (pod === undefined) {
    // The Job may have run for hours before its pod was gone, so its own age says nothing of how long it has waited.
    const { since, why } = input.podless.get(job.metadata.uid) ?? {};
    return {
      ...(since === undefined ? {} : { waitingSince: since }),
      ...(why === undefined ? {} : { waiting: why }),
    };
  }
  const waiting = pod.waiting === undefined ? undefined : waitingSentence(unit, pod.waiting);
  return { waitingSince: new Date(pod.createdAt), ...(waiting === undefined ? {} : { waiting }) };
}

function isOverdue({ deadline }: ChildPod, now: Date): boolean {
  return deadline !== undefined && now.getTime() >= abandonmentOf(deadline);
}

function abandonmentOf(deadline: string): number {
  return Date.parse(deadline) + patienceSeconds * 1000;
}

function nextAbandonment({ pods, now }: AttemptsToObserve): Date | undefined {
  const times = pods.flatMap(({ deadline, end }) =>
    deadline === undefined || end !== undefined ? [] : [abandonmentOf(deadline)],
  );
  const next = Math.min(...times.filter((time) => time > now.getTime()));
  return next === Infinity ? undefined : new Date(next);
}

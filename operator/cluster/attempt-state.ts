import { exitCode } from '../../worker/contract/exit-code.ts';
import { isUnitMessage } from '../../worker/contract/unit-message.ts';
import type { CommittedResult, ObservedAttempt, Why } from '../decide/observed.ts';
import type { AttemptsToObserve } from './attempts-to-observe.ts';
import type { ChildIdentity, ChildJob, ChildPod, PodEnd } from './children.ts';
import { unitNameOf } from './names.ts';
import type { Said } from './said.ts';
import { waitingSentence } from './waiting.ts';

/** How long a pod may be overdue before it is given up: its node is gone, though its Node object may be there. */
const patienceSeconds = 300;

/**
 * How long a Job may be without a pod though nothing is said to keep it from one: longer than the ten minutes that its
 * controller waits at most after failures. It has then been lost from its controller's sight, as has been seen to happen.
 */
const podlessPatienceSeconds = 660;

/** What has become of the attempt that a Job is. */
export function attemptOf(
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
  if (job.isDeleting && live.length === 0 && !input.departing.has(job.metadata.uid)) {
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
  const { metadata, end, failure } = job;
  if (end === undefined) throw new Error(`${metadata.name} has not ended`);
  const endTime = new Date(end.time);
  if (end.type === 'Failed' && failure !== undefined) return { state: 'Failed', ...failure, endTime };
  if (end.type === 'Failed') return { ...failureOf(end, pod), endTime };
  return unheard(job, end.time);
}

function unheard(
  { metadata }: ChildJob,
  time: string,
): Pick<ObservedAttempt, 'state'> & Partial<ObservedAttempt> {
  const message = `The Job ${metadata.name} is complete, but its pod's word of it is lost: the next attempt asks for it.`;
  return { state: 'Interrupted', hapless: true, unheard: true, endTime: new Date(time), message };
}

/** A pod whose Job was deleted under it. */
export function orphanAttempt(
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

/** A Job that is gone, whose pod may be yet to come. */
export function departedAttempt(job: ChildJob, input: AttemptsToObserve): ObservedAttempt {
  const base = baseOf(job.identity, job.metadata.name, { last: undefined, pods: [], input });
  return { ...base, state: 'Pending', stopping: true };
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
    if (since === undefined) return {};
    const waitedSeconds = (input.now.getTime() - since.getTime()) / 1000;
    const isLong = waitedSeconds >= podlessPatienceSeconds;
    // Where events could not be read, one of them may well say why: the Job stays.
    const isForgotten = isLong && why === undefined;
    const told = why === 'Unknown' ? undefined : why;
    const untold = isForgotten ? forgotten(unit) : unreadable(unit, job.metadata.name);
    const waiting = isLong ? (told ?? untold) : told;
    return {
      waitingSince: since,
      ...(waiting === undefined ? {} : { waiting }),
      ...(isForgotten ? { abandoned: true } : {}),
    };
  }
  const complaint = input.complaints.get(pod.metadata.uid);
  const why = pod.waiting ?? complaint;
  const waiting = why === undefined ? undefined : waitingSentence(unit, why);
  return { waitingSince: new Date(pod.createdAt), ...(waiting === undefined ? {} : { waiting }) };
}

function forgotten(unit: string): Why {
  const minutes = podlessPatienceSeconds / 60;
  return {
    reason: 'NoPod',
    message: `${unit} was given no pod for ${minutes} minutes, and nothing says why: its Job is replaced.`,
  };
}

function unreadable(unit: string, name: string): Why {
  const minutes = podlessPatienceSeconds / 60;
  return {
    reason: 'NoPod',
    message: `${unit} was given no pod for ${minutes} minutes, and why is not known, since the operator can't read Events: allow it to list them in this namespace. The Job stays; kubectl describe job ${name} shows them.`,
  };
}

function isOverdue({ deadline }: ChildPod, now: Date): boolean {
  return deadline !== undefined && now.getTime() >= abandonmentOf(deadline);
}

/** In milliseconds since 1970. */
export function abandonmentOf(deadline: string): number {
  return Date.parse(deadline) + patienceSeconds * 1000;
}

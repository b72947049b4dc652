import type { Stage } from '../../worker/contract/primitives.ts';
import type { ObjectMeta } from '../kube/resource.ts';
import type { StoredObject } from '../kube/store.ts';
import type { ContainerStatus, KubeCondition, KubeJob, KubePod } from './kube-objects.ts';
import { failureIn, type NotedFailure } from './noted-failure.ts';
import { annotations, labels, stageOfLabel, workerContainer } from './names.ts';

/** Which attempt a child belongs to, as its labels say. */
export interface ChildIdentity {
  /** UID and name of the DistillationJob. */
  readonly ownerUid: string;
  readonly ownerName: string;
  readonly stage: Stage;
  readonly index: number;
  readonly attempt: number;
  readonly retry: number;
  readonly revision: number;
}

/** What is kept of a Job. */
export interface ChildJob extends StoredObject {
  readonly identity: ChildIdentity | undefined;
  /** By the owner reference: labels can be set by anyone. */
  readonly controllerUid: string | undefined;
  readonly createdAt: string;
  readonly isDeleting: boolean;
  readonly deletedAt: string | undefined;
  /** Held back, or no longer and its controller has not seen that yet. */
  readonly isSuspended: boolean;
  readonly queue: string | undefined;
  /** When it was resumed, if it had been suspended from its creation until then: it can't have had a pod before. */
  readonly firstResumedAt: string | undefined;
  readonly end: JobEnd | undefined;
  /** What its pod said, noted down. */
  readonly result: string | undefined;
  /** How its worker failed, noted down. */
  readonly failure: NotedFailure | undefined;
}

export interface JobEnd {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
  readonly time: string;
}

/** What is kept of a pod. */
export interface ChildPod extends StoredObject {
  readonly identity: ChildIdentity | undefined;
  /** Of its Job; undefined where no Job has made it, whatever its labels say: they are copied with it. */
  readonly controllerUid: string | undefined;
  readonly createdAt: string;
  readonly phase: string;
  readonly node: string | undefined;
  readonly address: string | undefined;
  /** Of its node. */
  readonly hostAddress: string | undefined;
  /** When its grace period ends, if it has been told to end. */
  readonly deadline: string | undefined;
  readonly startedAt: string | undefined;
  readonly end: PodEnd | undefined;
  /** Since when its node mounts its volumes and sets up its network; undefined before that, and when it is done. */
  readonly preparingSince: string | undefined;
  /** Why its container doesn't run yet. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** `repository@sha256:...` where the node knows it. */
  readonly imageId: string | undefined;
}

export interface PodEnd {
  readonly finishedAt: string | undefined;
  /** Undefined when no container of it ever ran. */
  readonly exitCode: number | undefined;
  /** `OOMKilled`, `Evicted`, `UnexpectedAdmissionError`, ... */
  readonly reason: string;
  /** The container's last words, or why the pod ended. */
  readonly message: string;
  /** Ended by the cluster: preempted, drained, evicted, or killed because it was deleted and did not end in time. */
  readonly disruption: string | undefined;
}

export function projectJob(job: KubeJob): ChildJob {
  const { metadata, spec, status } = job;
  const end = status?.conditions?.find(
    ({ type, status: value }) => value === 'True' && (type === 'Complete' || type === 'Failed'),
  );
  return {
    ...common(metadata, 'DistillationJob'),
    isDeleting: metadata.deletionTimestamp !== undefined,
    deletedAt: metadata.deletionTimestamp,
    isSuspended: spec.suspend === true || holds('Suspended', status),
    queue: metadata.labels?.['kueue.x-k8s.io/queue-name'],
    firstResumedAt: firstResumption(job),
    end: end === undefined ? undefined : jobEnd(end, metadata),
    result: metadata.annotations?.[annotations.result],
    failure: failureIn(metadata.annotations?.[annotations.failure]),
  };
}

function holds(condition: string, status: (KubeJob | KubePod)['status']): boolean {
  return (
    status?.conditions?.some(({ type, status: value }) => type === condition && value === 'True') ?? false
  );
}

/** Its spec has changed once: that was when it was resumed. A template changes with it, or while it is suspended. */
function firstResumption({ metadata, status }: KubeJob): string | undefined {
  if (metadata.generation !== 2) return undefined;
  return status?.conditions?.find(({ type, status: value }) => type === 'Suspended' && value === 'False')
    ?.lastTransitionTime;
}

function jobEnd(condition: KubeCondition, { creationTimestamp = '' }: ObjectMeta): JobEnd {
  const { type, reason = '', message = '', lastTransitionTime = creationTimestamp } = condition;
  return { type: type === 'Complete' ? 'Complete' : 'Failed', reason, message, time: lastTransitionTime };
}

export function projectPod(pod: KubePod): ChildPod {
  const { metadata, spec, status } = pod;
  // Others may have been put beside it.
  const container = status?.containerStatuses?.find(({ name }) => name === workerContainer);
  const phase = status?.phase ?? 'Pending';
  const waiting = waitingOf(pod, container);
  return {
    ...common(metadata, 'Job'),
    phase,
    node: spec.nodeName,
    address: status?.podIP,
    hostAddress: status?.hostIP,
    deadline: metadata.deletionTimestamp,
    startedAt: startOf(container),
    end: phase === 'Succeeded' || phase === 'Failed' ? podEnd(pod, container) : undefined,
    preparingSince: waiting === undefined ? preparationStart(pod) : undefined,
    waiting,
    imageId: container?.imageID,
  };
}

function common(metadata: ObjectMeta, owner: 'DistillationJob' | 'Job') {
  const { name = '', namespace, uid = '', resourceVersion = '', creationTimestamp = '' } = metadata;
  return {
    metadata: { name, namespace, uid, resourceVersion },
    identity: identityOf(metadata),
    controllerUid: metadata.ownerReferences?.find(
      ({ kind, controller }) => kind === owner && controller === true,
    )?.uid,
    createdAt: creationTimestamp,
  };
}

/** More is no count but a forgery, and what would be counted on from there could not be told apart any more. */
const mostCounted = 1_000_000;

function identityOf({ labels: given = {} }: ObjectMeta): ChildIdentity | undefined {
  const stage = stageOfLabel(given[labels.stage]);
  const [ownerUid, ownerName] = [given[labels.jobUid], given[labels.jobName]];
  const number = (label: string): number => Number(given[label]);
  const [index, attempt] = [number(labels.unit), number(labels.attempt)];
  const [retry, revision] = [number(labels.retry), number(labels.revision)];
  const numbers = [index, attempt, retry, revision];
  if (stage === undefined || ownerUid === undefined || ownerName === undefined) return undefined;
  if (!numbers.every((each) => Number.isInteger(each) && each >= 0 && each <= mostCounted)) return undefined;
  return { ownerUid, ownerName, stage, index, attempt, retry, revision };
}

/** By SIGKILL, when the grace period was over, and by SIGTERM, before the worker could listen to it. */
const killedCodes: ReadonlySet<number | undefined> = new Set([137, 143]);

function podEnd({ metadata, status }: KubePod, container: ContainerStatus | undefined): PodEnd {
  const terminated = container?.state?.terminated;
  const disruption = status?.conditions?.find(
    ({ type, status: value }) => type === 'DisruptionTarget' && value === 'True',
  );
  const reason = status?.reason ?? terminated?.reason ?? '';
  const exitCode = hasRun(terminated) ? terminated?.exitCode : undefined;
  const wasKilled =
    killedCodes.has(exitCode) && reason !== 'OOMKilled' && endedWhenDeleted(metadata, terminated);
  return {
    finishedAt: terminated?.finishedAt ?? undefined,
    exitCode,
    reason,
    message: terminated?.message || status?.message || '',
    disruption: disruption?.reason ?? (wasKilled ? 'KilledAfterDeletion' : undefined),
  };
}

/** A container's end is told by its node's clock, its pod's deletion by the API server's: so far they may be apart. */
export const clockSkewSeconds = 10;

/** One that had died before somebody deleted its pod was killed by something else. */
function endedWhenDeleted(
  { deletionTimestamp, deletionGracePeriodSeconds = 0 }: ObjectMeta,
  terminated: NonNullable<ContainerStatus['state']>['terminated'],
): boolean {
  if (deletionTimestamp === undefined) return false;
  const deleted = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return Date.parse(terminated?.finishedAt ?? deletionTimestamp) >= deleted - clockSkewSeconds * 1000;
}

function startOf(container: ContainerStatus | undefined): string | undefined {
  const { running, terminated } = container?.state ?? {};
  return running?.startedAt ?? (hasRun(terminated) ? (terminated?.startedAt ?? undefined) : undefined);
}

/** What could not be started has no time of its start, or that of 1970. */
function hasRun(terminated: NonNullable<ContainerStatus['state']>['terminated']): boolean {
  return Boolean(terminated?.startedAt) && Date.parse(terminated?.startedAt ?? '') > 0;
}

/** What every pod says first, also of containers that others have put before the worker's. */
const beforeContainers: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

function waitingOf({ status }: KubePod, container: ContainerStatus | undefined): ChildPod['waiting'] {
  if (status?.phase !== 'Pending' && status?.phase !== undefined) return undefined;
  const waiting = container?.state?.waiting;
  if (waiting?.reason !== undefined && !beforeContainers.has(waiting.reason)) {
    return { reason: waiting.reason, message: waiting.message ?? '' };
  }
  const unscheduled = status?.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled === undefined) return undefined;
  return { reason: unscheduled.reason ?? 'Unschedulable', message: unscheduled.message ?? '' };
}

function preparationStart({ metadata, spec, status = {} }: KubePod): string | undefined {
  const { phase = 'Pending', conditions = [] } = status;
  if (phase !== 'Pending' || spec.nodeName === undefined || holds('PodReadyToStartContainers', status))
    return undefined;
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  return scheduled?.lastTransitionTime ?? metadata.creationTimestamp;
}

/** Jobs and pods as the API gives them, for table tests: a case says only what matters to it. */
import type { Stage } from '../../../worker/contract/primitives.ts';
import { projectJob, projectPod, type ChildJob, type ChildPod } from '../children.ts';
import type { ContainerStatus, KubeCondition, KubeJob, KubePod } from '../kube-objects.ts';
import { annotations, jobNameOf, labels, stageLabels } from '../names.ts';
import type { NotedFailure } from '../noted-failure.ts';

/** The DistillationJob of all tests. */
export const owner = { name: 'mnist', namespace: 'team', uid: 'owner-uid' } as const;

/** `12:00:00` of the day on which all tests take place, plus seconds, as the API writes it. */
export function time(seconds: number): string {
  return new Date(Date.UTC(2026, 2, 1, 12) + seconds * 1000).toISOString().replace('.000', '');
}

export interface Attempt {
  readonly stage?: Stage;
  readonly index?: number;
  readonly attempt?: number;
  readonly retry?: number;
  readonly revision?: number;
}

function labelsOf({ stage = 'Distill', index = 0, attempt = 1, retry = 0, revision = 1 }: Attempt) {
  return {
    [labels.jobUid]: owner.uid,
    [labels.jobName]: owner.name,
    [labels.stage]: stageLabels[stage],
    [labels.unit]: String(index),
    [labels.attempt]: String(attempt),
    [labels.retry]: String(retry),
    [labels.revision]: String(revision),
  };
}

function nameOf({ stage = 'Distill', index = 0, attempt = 1 }: Attempt): string {
  return jobNameOf(owner.name, { stage, index, attemptNumber: attempt });
}

const controlledBy = (kind: string, { name, uid }: { name: string; uid: string }) => [
  { apiVersion: 'any/v1', kind, name, uid, controller: true, blockOwnerDeletion: true },
];

export interface JobChange extends Attempt {
  readonly ownerUid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly createdAt?: number;
  readonly deletedAt?: number;
  readonly suspend?: boolean;
  readonly generation?: number;
  readonly result?: string;
  readonly failure?: NotedFailure;
  readonly conditions?: readonly KubeCondition[];
}

/** A Job created at `time(0)` of which nothing is said yet; its UID is its name. */
export function aKubeJob(change: JobChange = {}): KubeJob {
  const name = nameOf(change);
  const {
    ownerUid = owner.uid,
    createdAt = 0,
    deletedAt,
    result,
    failure,
    conditions,
    suspend,
    generation,
  } = change;
  const noted = {
    ...(result === undefined ? {} : { [annotations.result]: result }),
    ...(failure === undefined ? {} : { [annotations.failure]: JSON.stringify(failure) }),
  };
  return {
    metadata: {
      name,
      namespace: owner.namespace,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: time(createdAt),
      ...(generation === undefined ? {} : { generation }),
      labels: { ...labelsOf(change), ...change.labels },
      ...(deletedAt === undefined ? {} : { deletionTimestamp: time(deletedAt) }),
      ...(Object.keys(noted).length === 0 ? {} : { annotations: noted }),
      ownerReferences: controlledBy('DistillationJob', { name: owner.name, uid: ownerUid }),
    },
    spec: { ...(suspend === undefined ? {} : { suspend }), parallelism: 1 },
    status: conditions === undefined ? {} : { conditions },
  };
}

export function aJob(change: JobChange = {}): ChildJob {
  return projectJob(aKubeJob(change));
}

/** As the Job controller says it since Kubernetes 1.31: what is going to be, then what is. */
export function complete(seconds = 100): readonly KubeCondition[] {
  const reason = 'CompletionsReached';
  const lastTransitionTime = time(seconds);
  return [
    { type: 'SuccessCriteriaMet', status: 'True', reason, lastTransitionTime },
    { type: 'Complete', status: 'True', reason, lastTransitionTime },
  ];
}

export function failed(
  reason = 'BackoffLimitExceeded',
  message = 'Job has reached the specified backoff limit',
  seconds = 100,
): readonly KubeCondition[] {
  const lastTransitionTime = time(seconds);
  return [
    { type: 'FailureTarget', status: 'True', reason, message, lastTransitionTime },
    { type: 'Failed', status: 'True', reason, message, lastTransitionTime },
  ];
}

export interface PodChange extends Attempt {
  /** The UID of its Job; that of the attempt's own, unless it says otherwise. */
  readonly jobUid?: string;
  /** Tells several pods of a Job apart. */
  readonly suffix?: string;
  readonly createdAt?: number;
  /** When its grace period ends, as `deletionTimestamp` says it. */
  readonly deadline?: number;
  readonly gracePeriodSeconds?: number;
  readonly node?: string;
  readonly status?: KubePod['status'];
}

/** A pod that nobody has taken up yet. */
export function aKubePod(change: PodChange = {}): KubePod {
  const { suffix = 'x7k2p', createdAt = 1, deadline, gracePeriodSeconds, node } = change;
  const { status = { phase: 'Pending' } } = change;
  const jobName = nameOf(change);
  const { jobUid = jobName } = change;
  const name = `${jobName}-${suffix}`;
  return {
    metadata: {
      name,
      namespace: owner.namespace,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      creationTimestamp: time(createdAt),
      labels: { ...labelsOf(change), 'batch.kubernetes.io/controller-uid': jobUid },
      ...(deadline === undefined ? {} : { deletionTimestamp: time(deadline) }),
      ...(gracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds: gracePeriodSeconds }),
      ownerReferences: controlledBy('Job', { name: jobName, uid: jobUid }),
    },
    spec: node === undefined ? {} : { nodeName: node },
    status,
  };
}

export function aPod(change: PodChange = {}): ChildPod {
  return projectPod(aKubePod(change));
}

export const imageId = `docker.io/blockstill/worker@sha256:${'ab'.repeat(32)}`;

function containerStatus(state: ContainerStatus['state']): ContainerStatus {
  return { name: 'worker', imageID: imageId, ...(state === undefined ? {} : { state }) };
}

const disruptionTarget = (reason: string): KubeCondition => ({
  type: 'DisruptionTarget',
  status: 'True',
  reason,
  lastTransitionTime: time(50),
});

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Statuses as kubelet, scheduler and controllers write them. */
export const podStatus = {
  running: (startedAt = 5): KubePod['status'] => ({
    phase: 'Running',
    podIP: '10.0.0.7',
    containerStatuses: [containerStatus({ running: { startedAt: time(startedAt) } })],
  }),
  ended: (exitCode: number, change: Partial<Terminated> = {}): KubePod['status'] => ({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    podIP: '10.0.0.7',
    containerStatuses: [
      containerStatus({
        terminated: {
          exitCode,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          startedAt: time(5),
          finishedAt: time(95),
          ...change,
        },
      }),
    ],
  }),
  outOfMemory: (): KubePod['status'] => podStatus.ended(137, { reason: 'OOMKilled' }),
  /** The node ran short of memory; the container still got its signal and wrote a checkpoint. */
  evicted: (exitCode = 75): KubePod['status'] => ({
    ...podStatus.ended(exitCode),
    reason: 'Evicted',
    message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi.',
    conditions: [disruptionTarget('TerminationByKubelet')],
  }),
  preempted: (): KubePod['status'] => ({
    ...podStatus.ended(137),
    conditions: [disruptionTarget('PreemptionByScheduler')],
  }),
  /** The device plugin had lost the GPU that the scheduler counted on; no container is spoken of. */
  admissionError: (): KubePod['status'] => ({
    phase: 'Failed',
    reason: 'UnexpectedAdmissionError',
    message:
      'Allocate failed due to no healthy devices present; cannot allocate unhealthy devices, which is unexpected',
  }),
  startError: (): KubePod['status'] =>
    podStatus.ended(128, {
      reason: 'StartError',
      message: 'failed to create containerd task: exec: "node": executable file not found in $PATH',
      startedAt: '1970-01-01T00:00:00Z',
    }),
  waiting: (reason: string, message: string): KubePod['status'] => ({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    containerStatuses: [{ name: 'worker', imageID: '', state: { waiting: { reason, message } } }],
  }),
  /** Its volumes are being mounted and its sandbox made, or both are done and its image is pulled. */
  creating: (scheduledAt = 1, readyToStart: 'True' | 'False' = 'False'): KubePod['status'] => ({
    ...podStatus.waiting('ContainerCreating', ''),
    conditions: [
      { type: 'PodScheduled', status: 'True', lastTransitionTime: time(scheduledAt) },
      { type: 'PodReadyToStartContainers', status: readyToStart },
    ],
  }),
  unscheduled: (message: string, reason = 'Unschedulable'): KubePod['status'] => ({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason, message }],
  }),
};

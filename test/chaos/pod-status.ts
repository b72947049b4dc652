import type { ObjectCondition } from './objects.ts';
import type { PodView } from './pod-view.ts';

/** A merge patch for `status` of a pod. */
export type StatusPatch = Readonly<Record<string, unknown>>;

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly start: Date;
  readonly end: Date;
}

/** As the scheduler says that there is no room. */
export function unschedulable(pod: PodView, now: Date): StatusPatch {
  const message = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
  return {
    phase: 'Pending',
    conditions: withConditions(pod, now, [['PodScheduled', 'False', 'Unschedulable', message]]),
  };
}

export function waiting(pod: PodView, now: Date, reason: string): StatusPatch {
  const message = reason === 'ContainerCreating' ? '' : `Back-off pulling image "${pod.container.image}"`;
  const state = { waiting: { reason, message } };
  return {
    phase: 'Pending',
    startTime: now.toISOString(),
    conditions: withConditions(pod, now, [scheduled, ...ready('False')]),
    containerStatuses: [containerStatus(pod, state, { ready: false, started: false })],
  };
}

export function running(pod: PodView, now: Date, podIP: string): StatusPatch {
  const state = { running: { startedAt: now.toISOString() } };
  return {
    phase: 'Running',
    startTime: now.toISOString(),
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: withConditions(pod, now, [scheduled, ['Initialized', 'True'], ...ready('True')]),
    containerStatuses: [containerStatus(pod, state, { ready: true, started: true })],
  };
}

/** As the kubelet writes it after the container has ended; `why` is the pod's own reason, as of an eviction. */
export function ended(
  pod: PodView,
  { exitCode, reason, message, start, end }: Terminated,
  why?: { readonly reason: string; readonly message: string; readonly disruption: boolean },
): StatusPatch {
  const terminated = {
    exitCode,
    reason,
    // A container that has said nothing has no message.
    ...(message === '' ? {} : { message }),
    startedAt: start.toISOString(),
    finishedAt: end.toISOString(),
    containerID: `pretend://${pod.metadata.uid}`,
  };
  const disruption: Draft[] = why?.disruption
    ? [['DisruptionTarget', 'True', 'TerminationByKubelet', why.message]]
    : [];
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    ...(why === undefined ? {} : { reason: why.reason, message: why.message }),
    conditions: withConditions(pod, end, [...ready('False', 'PodCompleted'), ...disruption]),
    containerStatuses: [containerStatus(pod, { terminated }, { ready: false, started: false })],
  };
}

/** Refused before anything of it was started. */
export function refused(reason: string, message: string): StatusPatch {
  return { phase: 'Failed', reason, message };
}

/** Someone is about to delete it for a reason that is none of its own. */
export function disrupted(pod: PodView, now: Date, reason: string): StatusPatch {
  const message = `pretend: ${reason}`;
  return { conditions: withConditions(pod, now, [['DisruptionTarget', 'True', reason, message]]) };
}

type Draft = readonly [type: string, status: string, reason?: string, message?: string];

const scheduled: Draft = ['PodScheduled', 'True'];

function ready(status: string, reason?: string): Draft[] {
  return (['Ready', 'ContainersReady'] as const).map((type) =>
    reason === undefined ? [type, status] : [type, status, reason],
  );
}

/** The conditions that the pod has, with some of them replaced: a merge patch replaces the whole list. */
function withConditions(pod: PodView, now: Date, drafts: readonly Draft[]): readonly ObjectCondition[] {
  const replaced = new Set(drafts.map(([type]) => type));
  const lastTransitionTime = now.toISOString();
  return [
    ...pod.conditions.filter(({ type }) => !replaced.has(type)),
    ...drafts.map(([type, status, reason = '', message = '']) => ({
      type,
      status,
      reason,
      message,
      lastTransitionTime,
    })),
  ];
}

function containerStatus(
  { container, metadata }: PodView,
  state: object,
  flags: { readonly ready: boolean; readonly started: boolean },
): object {
  return {
    name: container.name,
    image: container.image,
    imageID: `pretend@sha256:${'0'.repeat(64)}`,
    containerID: `pretend://${metadata.uid}`,
    restartCount: 0,
    ...flags,
    state,
  };
}

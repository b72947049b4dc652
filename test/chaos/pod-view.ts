import { labels } from '../../operator/cluster/names.ts';
import type { StoredObject } from '../../operator/kube/store.ts';
import { unitSpecText, type ObjectCondition, type PodObject } from './objects.ts';
import type { PodAttempt } from './misbehaviour.ts';

/** What the pod simulator keeps of a pod. */
export interface PodView extends StoredObject {
  readonly metadata: StoredObject['metadata'] & { readonly namespace: string };
  readonly jobUid: string;
  readonly attempt: PodAttempt;
  readonly phase: string;
  readonly nodeName: string | undefined;
  /** The seconds it is given to end; undefined while it is not being deleted. */
  readonly endsWithin: number | undefined;
  readonly conditions: readonly ObjectCondition[];
  readonly container: { readonly name: string; readonly image: string };
  readonly gpus: number;
  readonly unitSpec: string;
}

const gpuResource = 'nvidia.com/gpu';

export function viewPod({ metadata, spec, status }: PodObject): PodView {
  const { name = '', namespace = '', uid = '', resourceVersion = '', deletionTimestamp } = metadata;
  const label = (key: string): string => metadata.labels?.[key] ?? '';
  const [container] = spec.containers;
  const deleting = deletionTimestamp !== undefined;
  const phase = status?.phase ?? 'Pending';
  return {
    metadata: { name, namespace, uid, resourceVersion },
    jobUid: label(labels.jobUid),
    attempt: {
      jobName: label(labels.jobName),
      stage: label(labels.stage),
      unit: label(labels.unit),
      attempt: label(labels.attempt),
    },
    phase,
    nodeName: spec.nodeName,
    endsWithin: deleting ? (metadata.deletionGracePeriodSeconds ?? 0) : undefined,
    conditions: (status?.conditions ?? []).map(({ type, status: value, reason = '', message = '' }) => ({
      type,
      status: value,
      reason,
      message,
    })),
    container: { name: container?.name ?? '', image: container?.image ?? '' },
    gpus: Number(container?.resources?.limits?.[gpuResource] ?? 0),
    unitSpec: hasEnded(phase) ? '' : (unitSpecText(spec, metadata.labels) ?? ''),
  };
}

export function hasEnded(phase: string): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

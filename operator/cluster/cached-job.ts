import type { DistillationJobStatus } from '../../crds/status.ts';
import { isFinished } from '../decide/decide.ts';
import type { KubeObject } from '../kube/resource.ts';
import type { StoredObject } from '../kube/store.ts';
import type { DistillationJobObject } from './kube-objects.ts';

/** What is kept of a DistillationJob: all of it while there is something to do, little when it has ended. */
export interface CachedJob extends StoredObject {
  readonly object: DistillationJobObject;
  /** It has ended, nobody asked for more, and only what is needed to clear up is kept of it. */
  readonly isAtRest: boolean;
}

interface MutableSpec {
  readonly retry?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly suspend?: boolean;
}

export function projectDistillationJob(object: DistillationJobObject): CachedJob {
  const { metadata, spec, status } = object;
  const { name = '', namespace, uid = '', resourceVersion = '' } = metadata;
  const stored = { metadata: { name, namespace, uid, resourceVersion } };
  // What was applied last is in it a second time.
  const slim = JSON.parse(
    JSON.stringify({ ...metadata, annotations: undefined, managedFields: undefined }),
  ) as KubeObject['metadata'];
  const isAtRest = restsWith(object);
  if (!isAtRest) {
    return {
      ...stored,
      object: { metadata: slim, spec, ...(status === undefined ? {} : { status }) },
      isAtRest,
    };
  }
  const { retry, ttlSecondsAfterFinished } = settingsOf(object);
  const { phase, completionTime, observedGeneration } = status ?? {};
  const rest = { phase, completionTime, observedGeneration, retry: status?.retry } as DistillationJobStatus;
  const object_ = { metadata: slim, spec: { retry, ttlSecondsAfterFinished }, status: rest };
  return { ...stored, object: object_, isAtRest };
}

function restsWith(object: DistillationJobObject): boolean {
  const { metadata, status } = object;
  if (status === undefined || !isFinished(status)) return false;
  return status.observedGeneration === metadata.generation && !isReopened(object);
}

/** Whether a job that has ended is to be looked at anew. */
export function isReopened(object: DistillationJobObject): boolean {
  const { metadata, status } = object;
  const { retry = 0 } = settingsOf(object);
  if (retry > (status?.retry ?? 0)) return true;
  const failed = status?.conditions?.find(({ type }) => type === 'Failed');
  return failed?.reason === 'InvalidSpec' && metadata.generation !== status?.observedGeneration;
}

export function settingsOf({ spec }: DistillationJobObject): MutableSpec {
  return spec;
}

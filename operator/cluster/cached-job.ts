import type { DistillationJobStatus } from '../../crds/status.ts';
import { isFinished } from '../decide/decide.ts';
import type { ObjectMeta } from '../kube/resource.ts';
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
  const slim = slimmed(metadata);
  const isAtRest = restsWith(object);
  if (!isAtRest) {
    return {
      ...stored,
      object: { metadata: slim, spec, ...(status === undefined ? {} : { status }) },
      isAtRest,
    };
  }
  const { retry, ttlSecondsAfterFinished } = settingsOf(object);
  const { phase, completionTime, observedGeneration, retry: tried } = status ?? {};
  const rest = defined<DistillationJobStatus>({ phase, completionTime, observedGeneration, retry: tried });
  const kept = { metadata: slim, spec: defined({ retry, ttlSecondsAfterFinished }), status: rest };
  return { ...stored, object: kept, isAtRest };
}

/** Without annotations, where what was applied last stands a second time, and managed fields. */
function slimmed(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp, labels } = metadata;
  return defined({ name, namespace, uid, resourceVersion, generation, deletionTimestamp, labels });
}

function defined<T extends object>(members: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
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
  const failed = status?.conditions?.find(({ type }) => type === 'Failed');
  // A job that is complete has nothing to be tried again, also when its children are gone.
  if (failed === undefined) return false;
  if (retry > (status?.retry ?? 0)) return true;
  return failed.reason === 'InvalidSpec' && metadata.generation !== status?.observedGeneration;
}

export function settingsOf({ spec }: DistillationJobObject): MutableSpec {
  return spec;
}

import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlockstillError } from '../../common/error.ts';
import { compileJob } from '../../crds/compile-job.ts';
import type { CompiledJob, CompiledSpec } from '../../crds/compiled-job.ts';
import { apiVersion, kind, type DistillationJob } from '../../crds/distillation-job.ts';
import type { Why } from '../decide/observed.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import type { OperatorDefaults } from './operator-defaults.ts';

/**
 * A job as it was accepted: everything that its pods are rendered from. It is written down once, so that another version
 * of the operator, or other defaults, change nothing of a job that has begun.
 */
export interface AcceptedJob {
  readonly compiled: CompiledJob;
  readonly image: string;
  readonly imagePullPolicy?: OperatorDefaults['imagePullPolicy'];
  readonly imagePullSecrets: readonly string[];
  readonly runtimeClassName?: string | undefined;
}

export type Acceptance =
  | { readonly kind: 'Accepted'; readonly job: AcceptedJob }
  /** Well-formed, but it could not work. */
  | { readonly kind: 'Invalid'; readonly why: Why };

/** Compiles a resource and looks for what the schema can't see. */
export function acceptJob(object: DistillationJobObject, defaults: OperatorDefaults): Acceptance {
  const compiled = compileObject(object);
  if (typeof compiled === 'string') return invalid(compiled);
  const problem = problemOf(compiled.spec, defaults);
  if (problem !== undefined) return invalid(problem);
  const image = compiled.spec.pod.image ?? defaults.workerImage;
  if (image === undefined) {
    return invalid(
      'There is no worker image: give spec.pod.image, or start the operator with --worker-image.',
    );
  }
  return {
    kind: 'Accepted',
    job: {
      compiled,
      image,
      imagePullPolicy: compiled.spec.pod.imagePullPolicy ?? defaults.imagePullPolicy,
      imagePullSecrets: defaults.imagePullSecrets,
      runtimeClassName: compiled.spec.pod.runtimeClassName ?? defaults.runtimeClassName,
    },
  };
}

/** The compiled resource, or why it can't be compiled: the API server may have been given another CRD. */
function compileObject({ metadata, spec }: DistillationJobObject): CompiledJob | string {
  const { name = '', namespace } = metadata;
  const manifest = { apiVersion, kind, metadata: { name, namespace }, spec } as DistillationJob;
  try {
    return compileJob(manifest);
  } catch (error) {
    if (!(error instanceof BlockstillError)) throw error;
    return [error.message, error.hint].filter(Boolean).join(' ');
  }
}

function invalid(message: string): Acceptance {
  return { kind: 'Invalid', why: { reason: 'InvalidSpec', message } };
}

/** Folders of the container that are the operator's. */
const ownFolders = ['/scratch', '/tmp', '/dev/shm'];

function problemOf(spec: CompiledSpec, defaults: OperatorDefaults): string | undefined {
  return (
    volumeProblem(spec, defaults) ??
    labelProblem(spec) ??
    folderProblem(spec, 'spec.output.uri', spec.output.uri) ??
    folderProblem(spec, 'spec.storage.uri', spec.storage.uri)
  );
}

function volumeProblem({ pod }: CompiledSpec, { allowHostVolumes }: OperatorDefaults): string | undefined {
  const { volumes = [], volumeMounts = [] } = pod;
  for (const volume of volumes) {
    const host = volume.hostPath !== undefined ? 'hostPath' : volume.nfs !== undefined ? 'nfs' : undefined;
    if (volume.name.startsWith('blockstill-')) {
      return `spec.pod.volumes has ${volume.name}: names that begin with blockstill- are the operator's.`;
    }
    if (host !== undefined && !allowHostVolumes) {
      return `The volume ${volume.name} of spec.pod.volumes is of the kind ${host}, which pods of the restricted Pod Security level may not have. Use a persistentVolumeClaim, or start the operator with --allow-host-volumes.`;
    }
  }
  for (const { name, mountPath } of volumeMounts) {
    if (!volumes.some((volume) => volume.name === name)) {
      return `spec.pod.volumeMounts has ${mountPath} for a volume ${name}, which is not in spec.pod.volumes.`;
    }
    if (ownFolders.includes(posix.resolve(mountPath))) {
      return `spec.pod.volumeMounts has ${mountPath}, which is the worker's own: choose another path.`;
    }
  }
  return undefined;
}

/** Those of the operator, and those by which the controller of Jobs finds its pods. */
const reservedLabel = /(^|\.)blockstill\.dev\/|^batch\.kubernetes\.io\/|^(job-name|controller-uid)$/;

function labelProblem({ pod }: CompiledSpec): string | undefined {
  const own = Object.keys(pod.labels ?? {}).find((name) => reservedLabel.test(name));
  return own === undefined
    ? undefined
    : `spec.pod.labels has ${own}, which is the operator's or the cluster's: choose another name.`;
}

/** The root of the container's file system can't be written to, and what is in it is gone with the pod. */
function folderProblem({ pod }: CompiledSpec, field: string, uri: string): string | undefined {
  if (!uri.startsWith('file://')) return undefined;
  const path = pathOf(uri);
  if (path === undefined) return `${field} is ${uri}, which names no folder.`;
  const folder = posix.resolve(path);
  const { volumes = [], volumeMounts = [] } = pod;
  const mount = volumeMounts
    .filter(({ mountPath }) => isWithin(folder, posix.resolve(mountPath)))
    .toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  if (mount === undefined) {
    return `${field} is ${uri}, but no volume of spec.pod.volumeMounts is mounted there: give one that all pods of the job share, such as a persistentVolumeClaim.`;
  }
  const volume = volumes.find(({ name }) => name === mount.name);
  if (volume?.emptyDir !== undefined) {
    return `${field} is ${uri} on the emptyDir ${mount.name}, which each pod has its own of: use a volume that all pods of the job share, such as a persistentVolumeClaim.`;
  }
  const readOnly =
    mount.readOnly === true ||
    volume?.persistentVolumeClaim?.readOnly === true ||
    volume?.csi?.readOnly === true ||
    volume?.nfs?.readOnly === true ||
    volume?.configMap !== undefined ||
    volume?.secret !== undefined;
  return readOnly ? `${field} is ${uri} on the volume ${mount.name}, which is read-only.` : undefined;
}

/** Undefined for a `file:` URI that escapes a slash or nothing. */
function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, root: string): boolean {
  return root === '/' || folder === root || folder.startsWith(`${root}/`);
}

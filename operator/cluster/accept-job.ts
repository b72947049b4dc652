import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlockstillError } from '../../common/error.ts';
import { compileJob } from '../../crds/compile-job.ts';
import { namesStorage } from '../../crds/compile-storage.ts';
import type { CompiledJob, CompiledSpec } from '../../crds/compiled-job.ts';
import { apiVersion, kind, type DistillationJob } from '../../crds/distillation-job.ts';
import type { Why } from '../decide/observed.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import type { OperatorDefaults, SpecDefaults } from './operator-defaults.ts';
import { ownFolders } from './render-pod.ts';
import { withPodDefaults } from './with-pod-defaults.ts';

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
  /** What filled the gaps of the manifest; absent in what was written down before there was any. */
  readonly specDefaults?: SpecDefaults | undefined;
}

export type Acceptance =
  | { readonly kind: 'Accepted'; readonly job: AcceptedJob }
  /** Well-formed, but it could not work. */
  | { readonly kind: 'Invalid'; readonly why: Why };

/** Compiles a resource and looks for what the schema can't see. */
export function acceptJob(object: DistillationJobObject, defaults: OperatorDefaults): Acceptance {
  const written = compileObject(object, defaults.specDefaults);
  if (typeof written === 'string') return invalid(written);
  const { compiled, defaultStorage } = filled(object, written, defaults.specDefaults);
  const problem =
    volumeProblem(written.spec, defaults) ??
    labelProblem(written.spec) ??
    folderProblem(compiled.spec, 'spec.output.uri', compiled.spec.output.uri) ??
    folderProblem(
      compiled.spec,
      defaultStorage === undefined ? 'spec.storage.uri' : "spec.storage.uri, by the operator's default,",
      compiled.spec.storage.uri,
    );
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
      specDefaults: defaults.specDefaults,
    },
  };
}

/** The compiled resource, or why it can't be compiled: the API server may have been given another CRD. */
function compileObject(
  { metadata, spec }: DistillationJobObject,
  defaults: SpecDefaults,
): CompiledJob | string {
  const { name = '', namespace } = metadata;
  const manifest = { apiVersion, kind, metadata: { name, namespace }, spec } as DistillationJob;
  try {
    return compileJob(manifest, { defaults });
  } catch (error) {
    if (!(error instanceof BlockstillError)) throw error;
    return [error.message, error.hint].filter(Boolean).join(' ');
  }
}

/** The job with what the operator gives to its pods, and the default storage if that is what it has. */
function filled({ spec }: DistillationJobObject, compiled: CompiledJob, defaults: SpecDefaults) {
  const { storage: own = {} } = spec as DistillationJob['spec'];
  const defaultStorage = namesStorage(own) ? undefined : defaults.storage;
  const pod = withPodDefaults(compiled.spec.pod, { ...defaults, storage: defaultStorage });
  return { compiled: { ...compiled, spec: { ...compiled.spec, pod } }, defaultStorage };
}

function invalid(message: string): Acceptance {
  return { kind: 'Invalid', why: { reason: 'InvalidSpec', message } };
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

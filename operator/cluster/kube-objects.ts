import { group, kind, version } from '../../crds/distillation-job.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';

/** A DistillationJob as the API gives it: its spec has the schema's defaults. */
export interface DistillationJobObject extends KubeObject {
  readonly spec: object;
  readonly status?: DistillationJobStatus;
}

export const distillationJobs: Resource<DistillationJobObject> = {
  group,
  version,
  plural: 'distillationjobs',
  kind,
  namespaced: true,
};

export interface KubeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** `batch/v1` Job, as far as it is used. */
export interface KubeJob extends KubeObject {
  readonly spec: {
    readonly suspend?: boolean;
    readonly [field: string]: unknown;
  };
  readonly status?: {
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly KubeCondition[];
  };
}

export const kubeJobs: Resource<KubeJob> = {
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  kind: 'Job',
  namespaced: true,
};

export interface ContainerStatus {
  readonly name: string;
  readonly imageID?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: {
      readonly exitCode: number;
      readonly signal?: number;
      readonly reason?: string;
      readonly message?: string;
      readonly startedAt?: string | null;
      readonly finishedAt?: string | null;
    };
  };
}

/** `v1` Pod, as far as it is used. */
export interface KubePod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    /** Of its node. */
    readonly hostIP?: string;
    readonly conditions?: readonly KubeCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export const kubePods: Resource<KubePod> = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
};

/** `apps/v1` ControllerRevision: data that can't be changed any more. */
export interface ControllerRevision extends KubeObject {
  readonly revision: number;
  readonly data: unknown;
}

export const controllerRevisions: Resource<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  kind: 'ControllerRevision',
  namespaced: true,
};

export interface VolumeClaim extends KubeObject {
  readonly spec: { readonly accessModes?: readonly string[] };
}

export const volumeClaims: Resource<VolumeClaim> = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};

export interface CoreEvent extends KubeObject {
  readonly type?: string;
  readonly involvedObject?: { readonly uid?: string; readonly kind?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

export const coreEvents: Resource<CoreEvent> = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** `v1` Node: its name and labels are all that is used. */
export const kubeNodes: Resource = {
  group: '',
  version: 'v1',
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
};

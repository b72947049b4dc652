import { group, kind, version } from '../../crds/distillation-job.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { KubeClient } from '../../operator/kube/client.ts';
import { Connection } from '../../operator/kube/connection.ts';
import { loadKubeConfig } from '../../operator/kube/kube-config.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import { podEnvironment } from '../../worker/contract/pod.ts';

export interface DistillationJobObject extends KubeObject {
  readonly spec?: {
    readonly suspend?: boolean;
    readonly retry?: number;
    readonly backoffLimit?: number;
    readonly execution?: { readonly maxParallel?: number };
  };
  readonly status?: DistillationJobStatus;
}

export interface ObjectCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly {
    readonly name: string;
    readonly image?: string;
    readonly env?: readonly EnvironmentVariable[];
    readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  }[];
}

export interface ContainerStatus {
  readonly state?: {
    readonly terminated?: { readonly exitCode: number; readonly reason?: string } | undefined;
  };
}

export interface PodObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly deletionGracePeriodSeconds?: number };
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly conditions?: readonly ObjectCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface JobObject extends KubeObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
  readonly status?: {
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly conditions?: readonly ObjectCondition[];
  };
}

export const distillationJobs: Resource<DistillationJobObject> = {
  group,
  version,
  kind,
  plural: 'distillationjobs',
  namespaced: true,
};

export const jobs: Resource<JobObject> = {
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  kind: 'Job',
  namespaced: true,
};

export const pods: Resource<PodObject> = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
};

/**
 * The unit spec in a pod's environment, as JSON; undefined in a pod that is none of a worker's. As with a kubelet,
 * `$(NAME)` stands for an earlier variable, here one with the value of a label, and `$$` for a dollar.
 */
export function unitSpecText(
  spec: PodSpec,
  labels: KubeObject['metadata']['labels'] = {},
): string | undefined {
  const values = new Map<string, string>();
  for (const { name, value, valueFrom } of spec.containers.flatMap(({ env }) => env ?? [])) {
    const label = /^metadata\.labels\['(.*)'\]$/.exec(valueFrom?.fieldRef?.fieldPath ?? '')?.[1];
    const text = label === undefined ? (value ?? '') : (labels[label] ?? '');
    const expanded = text.replaceAll(/\$\$|\$\(([-._a-zA-Z0-9]+)\)/g, (found, variable?: string) =>
      variable === undefined ? '$' : (values.get(variable) ?? found),
    );
    if (name === podEnvironment.unitSpec) return expanded;
    values.set(name, expanded);
  }
  return undefined;
}

/** A client for as long as it is in use. */
export function connect(kubeconfig: string, fieldManager: string): { client: KubeClient } & AsyncDisposable {
  const connection = new Connection(() => loadKubeConfig({ environment: {}, kubeconfig }));
  return {
    client: new KubeClient({ connection, fieldManager }),
    [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
  };
}

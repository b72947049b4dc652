import { only, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly [field: string]: unknown;
}

export interface Deployment extends KubernetesObject {
  readonly spec: {
    readonly replicas: number;
    readonly strategy?: { readonly type: string };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: { readonly containers: readonly Container[]; readonly [field: string]: unknown };
    };
  };
}

/** The operator among the objects of the chart: its Deployment, its pod and its one container. */
export function deploymentOf(objects: readonly KubernetesObject[]) {
  const deployment = only<Deployment>(objects, 'Deployment');
  const { spec: pod } = deployment.spec.template;
  const [container, ...others] = pod.containers;
  if (container === undefined || others.length > 0)
    throw new Error('A pod of the operator has not one container.');
  return { deployment, pod, container };
}

import type { GpuSharing } from '../decide/observed.ts';

export interface GpuOfPod {
  readonly node: string;
  /** What the pod was given: `nvidia.com/gpu`, `nvidia.com/mig-1g.10gb`, ... */
  readonly resourceName: string;
}

/** What the labels of a node can tell that no name of a resource does. */
type Labels = Readonly<Record<string, string>>;

/** Whether the name of the resource alone says that it is only a part of a GPU. */
export function sharingByName({ resourceName }: Pick<GpuOfPod, 'resourceName'>): GpuSharing | undefined {
  const what = /\/mig-/.test(resourceName)
    ? 'a MIG instance, and the card measures all of them together'
    : resourceName.endsWith('.shared')
      ? 'a share of a GPU that others use as well'
      : undefined;
  return what === undefined ? undefined : { kind: 'Shared', reason: `${resourceName} is ${what}` };
}

/**
 * Whether others may use a pod's GPU at the same time, by the labels that NVIDIA's GPU feature discovery puts on nodes.
 *
 * With time-slicing and MPS the device plugin gives one card to several pods, none of which can see that. With the MIG
 * strategy `single` instances have the name of whole cards, and the product says so; with `mixed` they have names of their
 * own, so that `nvidia.com/gpu` is a whole card. `mig.capable` says only what a card could do.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin/tree/main/docs/gpu-feature-discovery
 */
export function sharingByLabels({ node, resourceName }: GpuOfPod, labels: Labels): GpuSharing {
  const of = (name: string): string | undefined => labels[`nvidia.com/${name}`];
  const product = of('gpu.product') ?? '';
  const strategy = of('gpu.sharing-strategy');
  const where = `the GPUs of node ${node}`;
  if (!resourceName.startsWith('nvidia.com/')) {
    return unknown(`no label says how ${resourceName} of node ${node} is given out`);
  }
  if (product.includes('-MIG-')) return shared(`${where} are MIG instances (${product})`);
  if (strategy === 'mps') return shared(`${where} are shared through MPS`);
  if (strategy === 'time-slicing') return shared(`${where} are time-sliced`);
  const replicas = Number(of('gpu.replicas') ?? 1);
  if (replicas > 1 || product.endsWith('-SHARED')) {
    return shared(`${where} are given to up to ${replicas > 1 ? replicas : 'several'} pods each`);
  }
  if (strategy === 'none' || (strategy === undefined && product !== '')) return { kind: 'None' };
  return unknown(
    strategy === undefined
      ? `node ${node} has no label of GPU feature discovery`
      : `the label nvidia.com/gpu.sharing-strategy of node ${node} is ${JSON.stringify(strategy)}`,
  );
}

function shared(reason: string): GpuSharing {
  return { kind: 'Shared', reason };
}

function unknown(reason: string): GpuSharing {
  return { kind: 'Unknown', reason };
}

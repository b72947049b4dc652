/** Which GPU a process will use, as far as its environment says. */
export type VisibleGpu =
  | { readonly kind: 'Uuid'; readonly uuid: string }
  /** The one that CUDA calls so, of those that this process sees. */
  | { readonly kind: 'Index'; readonly index: number; readonly inBusOrder: boolean }
  | { readonly kind: 'None'; readonly reason: string; readonly sharing?: 'Shared' };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * TensorFlow trains on the first GPU that CUDA shows it.
 *
 * `CUDA_VISIBLE_DEVICES` is CUDA's own list, of UUIDs, which may be shortened, or of places among the cards that the
 * process sees. `NVIDIA_VISIBLE_DEVICES` tells the container toolkit which of the node's cards to bring in; a place in it
 * is one on the node, and nothing inside the container goes by it. With `void` the toolkit brings none in, but a resource
 * claim may.
 *
 * @see https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables
 */
export function visibleGpu(environment: Environment): VisibleGpu {
  const { CUDA_VISIBLE_DEVICES: cuda, NVIDIA_VISIBLE_DEVICES: toolkit } = environment;
  const inBusOrder = environment['CUDA_DEVICE_ORDER'] === 'PCI_BUS_ID';
  if (toolkit === 'none') return none('NVIDIA_VISIBLE_DEVICES=none gives this process no GPU');
  if (cuda !== undefined) {
    const first = firstOf(cuda);
    if (/^\d+$/.test(first)) return { kind: 'Index', index: Number(first), inBusOrder };
    return identified(first) ?? none(`CUDA_VISIBLE_DEVICES=${cuda} gives this process no GPU`);
  }
  return identified(firstOf(toolkit ?? '')) ?? { kind: 'Index', index: 0, inBusOrder };
}

function firstOf(list: string): string {
  return (list.split(',')[0] ?? '').trim();
}

function identified(entry: string): VisibleGpu | undefined {
  if (entry.startsWith('MIG-')) {
    const reason =
      'not attributable: the unit runs on a MIG instance, and the card measures all of them together';
    return { kind: 'None', reason, sharing: 'Shared' };
  }
  return entry.startsWith('GPU-') ? { kind: 'Uuid', uuid: entry } : undefined;
}

function none(reason: string): VisibleGpu {
  return { kind: 'None', reason };
}

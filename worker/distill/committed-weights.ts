import type { Values } from '../graph/session.ts';
import type { NamedTensor } from '../exchange/safetensors.ts';
import { blockPrefix } from './block-graph.ts';
import type { BlockTraining } from './block-training.ts';
import type { WeightScale } from './output-scale.ts';

/** The best weights of a block by their names in the replacement's network, as they are stitched. */
export function committedWeights({ graph, best }: BlockTraining): Map<string, NamedTensor> {
  const prefix = blockPrefix(graph.block.name);
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of graph.weights) {
    const weight = name.slice(prefix.length);
    const values = best?.get(name);
    if (values !== undefined) tensors.set(weight, { shape, values: unscaled(graph.scale, weight, values) });
  }
  return tensors;
}

/** A weight as the network takes it, to the bit what the graph multiplied it to. */
function unscaled({ weights, factor }: WeightScale, weight: string, values: Values): Values {
  if (!weights.has(weight)) return values;
  const single = Math.fround(factor);
  return Float32Array.from(values, (value) => value * single);
}

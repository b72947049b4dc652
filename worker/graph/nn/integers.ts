import type { Graph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';

/** A constant vector of whole numbers: a shape, axes, sizes. */
export function integers(graph: Graph, values: readonly number[]): Tensor {
  return graph.constant(values, [values.length], 'int32');
}

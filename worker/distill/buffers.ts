import type { PlannedBlock } from '../contract/plan.ts';
import type { Graph } from '../graph/graph.ts';
import type { Variable } from '../graph/tensor.ts';

/**
 * The unit's batch buffers: one session variable `[batch, height, width, channels]` a boundary. Whatever brings the
 * teacher's activations puts them here, and every step reads them here: so a step is the same operations on the same
 * bits wherever they came from. Neighbouring blocks share the buffer between them.
 */
export type Buffers = ReadonlyMap<string, Variable>;

export function bufferName(boundary: string): string {
  return `buffer/${boundary}`;
}

export function declareBuffers(
  graph: Graph,
  blocks: readonly Pick<PlannedBlock, 'input' | 'output' | 'inputShape' | 'outputShape'>[],
  batchSize: number,
): Buffers {
  const buffers = new Map<string, Variable>();
  for (const { input, output, inputShape, outputShape } of blocks) {
    buffers.set(input, graph.variable(bufferName(input), [batchSize, ...inputShape]));
    buffers.set(output, graph.variable(bufferName(output), [batchSize, ...outputShape]));
  }
  return buffers;
}

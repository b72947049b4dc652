import { compileJob } from '../../../crds/compile-job.ts';
import { toldSpec } from '../../contract/job-spec.ts';
import type { PlannedBlock } from '../../contract/plan.ts';
import { Graph } from '../../graph/graph.ts';
import type { Values } from '../../graph/session.ts';
import { variableValues } from '../../models/emit.ts';
import { blockBetween } from '../../models/block.ts';
import { layerOf, type Network } from '../../models/network.ts';
import { initialWeights, replacementFor } from '../../models/replacement.ts';
import { convolutionSketch, networkOfSketches } from '../../models/testing/sketches.ts';
import { blockPrefix, emitBlock } from '../block-graph.ts';
import { newBlockTraining, type BlockTraining } from '../block-training.ts';
import { declareBuffers, type Buffers } from '../buffers.ts';

export interface TrainedBlock {
  readonly teacher: Network;
  /** For its second convolution; its last weights are trained in units of 3. */
  readonly block: BlockTraining;
  /** The graph that it was trained in. */
  readonly graph: Graph;
  readonly buffers: Buffers;
}

/** A block of a small teacher with weights, as after training and judging: initial weights are its best. */
export function trainedBlock({ batchSize }: { batchSize: number }): TrainedBlock {
  const sketched = networkOfSketches(
    [4, 4, 2],
    [
      convolutionSketch('first', 'image', { filters: 3, activation: 'relu' }),
      convolutionSketch('second', 'first', { filters: 4, activation: 'relu' }),
      convolutionSketch('third', 'second', { filters: 5, activation: 'relu' }),
    ],
  );
  const teacher = { ...sketched, weights: initialWeights(sketched, 1, 'teacher') };
  const spec = smallSpec(batchSize);
  const boundaries = { from: 'first', to: 'second' };
  const replacement = replacementFor(
    teacher,
    blockBetween(teacher, 'second', boundaries),
    spec.replacement.candidates[0],
  ).network;
  const planned = {
    name: 'second',
    input: 'first',
    output: 'second',
    inputShape: [...layerOf(teacher, 'first').outputShape],
    outputShape: [...layerOf(teacher, 'second').outputShape],
    meanSquare: 9,
  } as PlannedBlock;
  const graph = new Graph();
  const buffers = declareBuffers(graph, [planned], batchSize);
  const emitted = emitBlock(graph, {
    block: planned,
    replacement,
    buffers,
    spec,
    stepsPerEpoch: 1,
  });
  const weights = initialWeights(replacement, 2, 'second');
  const best: ReadonlyMap<string, Values> = variableValues(
    { ...replacement, weights },
    blockPrefix('second'),
  );
  const block = { ...newBlockTraining(emitted, 1), best };
  block.state.verdict = { unexplainedVariance: 0.5, score: null };
  return { teacher, block, graph, buffers };
}

function smallSpec(batchSize: number) {
  const nowhere = { uri: 'file:///nowhere' };
  const { spec } = compileJob({
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name: 'small' },
    spec: {
      teacher: nowhere,
      dataset: { format: 'NPZ', train: nowhere, validation: { fraction: 0.2 } },
      distill: { epochs: 1, batchSize },
      output: nowhere,
    },
  });
  return toldSpec(spec);
}

import type { PlannedBlock } from '../contract/plan.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import type { Graph } from '../graph/graph.ts';
import { meanSquaredError, normalizedMeanSquaredError } from '../graph/losses.ts';
import { square, subtract, sum } from '../graph/nn.ts';
import type { Variable } from '../graph/tensor.ts';
import { emitTrainStep, type TrainStep } from '../graph/train-step.ts';
import { emitNetwork, type EmitOptions, type EmittedNetwork } from '../models/emit.ts';
import type { Network } from '../models/network.ts';
import type { Buffers } from './buffers.ts';
import { outputScale, type WeightScale } from './output-scale.ts';

/** The endpoints of one block; each is pruned and optimised by TensorFlow alone, whatever else the session holds. */
export interface BlockGraph {
  readonly block: PlannedBlock;
  readonly replacement: Network;
  readonly step: TrainStep;
  readonly endpoints: {
    /** Sum of squared errors of each sample of the batch, inference mode. */
    readonly errors: string;
    /** Sum and sum of squares of the target by sample and channel. */
    readonly moments: string;
    /** Leaves the batch's own statistics in the BatchNorm variables. */
    readonly recalibrate: string;
    readonly score: string;
  };
  /** Everything of the replacement that is kept: trained weights and BatchNorm statistics. */
  readonly weights: readonly Variable[];
  /** Which of them are in units of the target; committed weights are not. */
  readonly scale: WeightScale;
  /** BatchNorm statistics alone. */
  readonly statistics: readonly Variable[];
}

export interface BlockGraphOptions {
  readonly block: PlannedBlock;
  readonly replacement: Network;
  readonly buffers: Buffers;
  readonly spec: JobSpec;
  readonly stepsPerEpoch: number;
}

export function blockPrefix(block: string): string {
  return `block/${block}/`;
}

/** Adds a block's training step, validation, and recalibration to the unit's graph. */
export function emitBlock(graph: Graph, options: BlockGraphOptions): BlockGraph {
  const { block, replacement, spec } = options;
  const prefix = blockPrefix(block.name);
  const input = graph.read(bufferOf(options.buffers, block.input));
  const target = graph.read(bufferOf(options.buffers, block.output));
  const scale = outputScale(replacement, block);
  const emit = (more: Pick<EmitOptions, 'mode' | 'precision' | 'batchNormMomentum'>): EmittedNetwork =>
    emitNetwork(replacement, { input, prefix, scale, ...more });
  const training = emit({ mode: 'training', precision: spec.execution.precision });
  const step = emitTrainStep(graph, {
    name: `train/${block.name}`,
    batchSize: spec.distill.batchSize,
    stepsPerEpoch: options.stepsPerEpoch,
    optimizer: spec.distill.optimizer,
    build: () => ({
      loss:
        spec.distill.loss === 'NormalizedMSE'
          ? normalizedMeanSquaredError(training.output, target, block.meanSquare)
          : meanSquaredError(training.output, target),
      variables: training.variables,
      updates: training.updates,
    }),
  });
  const endpoints = {
    errors: `errors/${block.name}`,
    moments: `moments/${block.name}`,
    recalibrate: `recalibrate/${block.name}`,
    score: `score/${block.name}`,
  };
  const inference = emit({ mode: 'inference' });
  graph.endpoint(endpoints.errors, {
    fetch: { errors: sum(square(subtract(inference.output, target)), { axes: [1, 2, 3] }) },
  });
  graph.endpoint(endpoints.moments, {
    fetch: { sums: sum(target, { axes: [1, 2] }), squares: sum(square(target), { axes: [1, 2] }) },
  });
  // With momentum 0 a training pass leaves each batch's own statistics in the variables.
  const recalibration = emit({ mode: 'training', batchNormMomentum: 0 });
  graph.endpoint(endpoints.recalibrate, { run: recalibration.updates });
  return {
    block,
    replacement,
    step,
    endpoints,
    weights: [...training.variables, ...training.state],
    scale,
    statistics: training.state,
  };
}

function bufferOf(buffers: Buffers, boundary: string): Variable {
  const buffer = buffers.get(boundary);
  if (buffer === undefined) throw new Error(`no buffer of ${boundary}`);
  return buffer;
}

import type { Operation, Tensor, Variable } from '../tensor.ts';
import { output } from './output.ts';

export interface BatchNormOptions {
  /** `[channels]`, also called gamma. */
  readonly scale: Tensor;
  /** `[channels]`, also called beta. */
  readonly offset: Tensor;
  /** The running mean `[channels]`. */
  readonly mean: Variable;
  /** The running variance `[channels]`. */
  readonly variance: Variable;
  readonly epsilon: number;
  /** Whether to normalise by the batch's own statistics and to move the running ones. */
  readonly training: boolean;
  /** How much of the running statistics a step keeps, for example 0.99. */
  readonly momentum: number;
}

/** Adds `bias [channels]` to `x [..., channels]`. */
export function biasAdd(x: Tensor, bias: Tensor): Tensor {
  return output('BiasAdd', [x, bias]);
}

/**
 * Batch normalization of `x [batch, height, width, channels]` (arXiv 1502.03167). In training, `updates` move the
 * running statistics; the running variance takes the unbiased variance of the batch, as TensorFlow's kernel does.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions): { y: Tensor; updates: Operation[] } {
  const { scale, offset, mean, variance, epsilon, training, momentum } = options;
  const { graph } = x;
  const inputs = [x, scale, offset, graph.read(mean), graph.read(variance)];
  const [y = x, newMean, newVariance] = graph.apply('FusedBatchNormV3', inputs, {
    epsilon,
    is_training: training,
    exponential_avg_factor: training ? 1 - momentum : 1,
  }).outputs;
  if (!training || newMean === undefined || newVariance === undefined) return { y, updates: [] };
  return { y, updates: [graph.assign(mean, newMean), graph.assign(variance, newVariance)] };
}

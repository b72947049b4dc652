import type { OpName } from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { integers } from './integers.ts';
import { output } from './output.ts';
import type { Pair, WindowOptions } from './window.ts';
import { paddingAttributes, perAxis } from './window.ts';

export interface ReductionOptions {
  /** Default: all of them. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with side 1. */
  readonly keepDimensions?: boolean;
}

function reduce(op: OpName, x: Tensor, { axes, keepDimensions = false }: ReductionOptions): Tensor {
  const all = axes ?? x.shape.map((_, axis) => axis);
  return output(op, [x, integers(x.graph, all)], { keep_dims: keepDimensions });
}

export function sum(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduce('Sum', x, options);
}

export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduce('Mean', x, options);
}

export function max(x: Tensor, options: ReductionOptions = {}): Tensor {
  return reduce('Max', x, options);
}

/** The int32 index of the largest value along an axis. */
export function argMax(x: Tensor, axis = -1): Tensor {
  return output('ArgMax', [x, x.graph.constant(axis, [], 'int32')]);
}

/** Half the sum of squares. */
export function l2Loss(x: Tensor): Tensor {
  return output('L2Loss', [x]);
}

export interface PoolOptions extends WindowOptions {
  readonly padding?: 'SAME' | 'VALID';
  readonly size: Pair;
}

function pool(op: OpName, x: Tensor, { size, strides = size, padding = 'VALID' }: PoolOptions): Tensor {
  return output(op, [x], { ksize: perAxis(size), strides: perAxis(strides), ...paddingAttributes(padding) });
}

/** The largest value in each window of `x [batch, height, width, channels]`. */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  return pool('MaxPool', x, options);
}

/** The mean of each window of `x [batch, height, width, channels]`, counting only what lies inside the image. */
export function averagePool(x: Tensor, options: PoolOptions): Tensor {
  return pool('AvgPool', x, options);
}

/** Losses `[batch]` of `logits [batch, classes]` against int32 `labels [batch]`. */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return output('SparseSoftmaxCrossEntropyWithLogits', [logits, labels]);
}

/** Losses `[batch]` of `logits [batch, classes]` against `probabilities [batch, classes]`. */
export function softmaxCrossEntropy(logits: Tensor, probabilities: Tensor): Tensor {
  return output('SoftmaxCrossEntropyWithLogits', [logits, probabilities]);
}

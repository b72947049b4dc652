import type { OpName } from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { integers } from './integers.ts';
import { output } from './output.ts';

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

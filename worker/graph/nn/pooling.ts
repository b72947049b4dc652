import type { OpName } from '../ops/index.ts';
import type { Tensor } from '../tensor.ts';
import { output } from './output.ts';
import type { Pair, WindowOptions } from './window.ts';
import { paddingAttributes, perAxis } from './window.ts';

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

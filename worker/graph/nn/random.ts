import type { Shape, Tensor } from '../tensor.ts';
import { integers } from './integers.ts';
import { output } from './output.ts';

/** Uniform numbers in [0, 1) that are a function of the int32 `seed [2]` alone. */
export function statelessUniform(shape: Shape, seed: Tensor): Tensor {
  return output('StatelessRandomUniform', [integers(seed.graph, shape), seed]);
}

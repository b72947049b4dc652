import { z } from 'zod';
import type { Tensor } from '../../graph/tensor.ts';
import {
  add,
  elu,
  maximum,
  minimum,
  multiply,
  relu,
  relu6,
  selu,
  sigmoid,
  softmax,
  softplus,
  swish,
  tanh,
} from '../../graph/nn.ts';

/** Activation functions without weights, by the names that TensorFlow.js reads and writes. */
const functions = {
  linear: (x) => x,
  relu,
  relu6,
  sigmoid,
  tanh,
  softmax,
  elu,
  selu,
  softplus,
  swish,
  // Keras 2 and TensorFlow.js: slope 0.2.
  hard_sigmoid: (x) => clip(add(multiply(x, x.graph.constant(0.2)), x.graph.constant(0.5)), 0, 1),
} satisfies Record<string, (x: Tensor) => Tensor>;

export type ActivationName = keyof typeof functions;

const activationNames = Object.keys(functions) as ActivationName[];

/** Other names of the same functions. */
const synonyms: Readonly<Record<string, ActivationName>> = { silu: 'swish', hardSigmoid: 'hard_sigmoid' };

/** Keras 3 writes `{class_name: "function", config: "relu"}` where Keras 2 writes `"relu"`. */
const serialisedFunction = z
  .object({ class_name: z.string(), config: z.string() })
  .transform(({ config }): string => config);

/** An activation field of a Keras config; missing and null mean linear. */
export const activation = z
  .union([z.string(), serialisedFunction])
  .nullish()
  .transform((value) => synonyms[value ?? ''] ?? value ?? 'linear')
  .pipe(z.enum(activationNames));

export function emitActivation(name: ActivationName, x: Tensor): Tensor {
  return functions[name](x);
}

function clip(x: Tensor, low: number, high: number): Tensor {
  return minimum(maximum(x, x.graph.constant(low)), x.graph.constant(high));
}

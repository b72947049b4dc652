import { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import type { Shape } from '../../graph/tensor.ts';
import {
  elu,
  greater,
  leakyRelu,
  minimum,
  multiply,
  relu,
  relu6,
  select,
  softmax,
  subtract,
} from '../../graph/nn.ts';
import { activation, emitActivation } from './activation-functions.ts';
import { orDefault } from './keras-values.ts';
import { defineLayer, only } from './layer-definition.ts';

/** Element by element: the output has the input's shape. */
const sameShape = (_config: unknown, inputs: readonly Shape[]): Shape => only(inputs);

export const Activation = defineLayer({
  config: z.object({ activation }),
  outputShape: sameShape,
  emit: (config, inputs) => emitActivation(config.activation, only(inputs)),
});

export const ReLU = defineLayer({
  config: z.object({
    maxValue: z
      .number()
      .nonnegative()
      .nullish()
      .transform((value) => value ?? undefined),
    negativeSlope: orDefault(z.number().nonnegative(), 0),
    threshold: orDefault(z.number().nonnegative(), 0),
  }),
  outputShape: sameShape,
  emit: ({ maxValue, negativeSlope, threshold }, inputs) => {
    const x = only(inputs);
    if (threshold === 0 && negativeSlope === 0 && maxValue === 6) return relu6(x);
    let y = negativeSlope === 0 ? relu(x) : leakyRelu(x, negativeSlope);
    if (threshold > 0) {
      const limit = x.graph.constant(threshold);
      const below = multiply(subtract(x, limit), x.graph.constant(negativeSlope));
      y = select(greater(x, limit), x, below);
    }
    return maxValue === undefined ? y : minimum(y, x.graph.constant(maxValue));
  },
});

const leakyReluConfig = z
  .object({ alpha: z.number().nonnegative().nullish(), negativeSlope: z.number().nonnegative().nullish() })
  .transform(({ alpha, negativeSlope }) => ({ alpha: alpha ?? negativeSlope ?? 0.3 }));

export const LeakyReLU = defineLayer({
  config: leakyReluConfig,
  outputShape: sameShape,
  emit: ({ alpha }, inputs) => leakyRelu(only(inputs), alpha),
});

export const PReLU = defineLayer({
  config: z.object({ sharedAxes: orDefault(z.array(z.int().positive()), []) }),
  outputShape: sameShape,
  weights: ({ sharedAxes }, inputs) => [
    {
      name: 'alpha',
      shape: only(inputs).map((side, axis) => (sharedAxes.includes(axis + 1) ? 1 : side)),
      trainable: true,
      initial: 'Zeros',
    },
  ],
  emit: (_config, inputs, { value }) => {
    const x = only(inputs);
    const negative = relu(multiply(x, x.graph.constant(-1)));
    return subtract(relu(x), multiply(value('alpha'), negative));
  },
});

export const ELU = defineLayer({
  config: z.object({
    alpha: orDefault(z.literal(1, { error: 'must be 1: TensorFlow has no other ELU' }), 1),
  }),
  outputShape: sameShape,
  emit: (_config, inputs) => elu(only(inputs)),
});

export const Softmax = defineLayer({
  config: z.object({ axis: orDefault(z.int(), -1) }),
  outputShape: ({ axis }, inputs) => {
    const shape = only(inputs);
    if (axis === -1 || axis === shape.length) return shape;
    throw new InvalidInputError(
      'model/layer-config',
      `Its axis is ${axis}; only the last axis is supported.`,
    );
  },
  emit: (_config, inputs) => softmax(only(inputs)),
});

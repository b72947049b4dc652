import { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import { elementCount, type Shape } from '../../graph/tensor.ts';
import { add, batchNorm, divide, maximum, multiply, reshape, sqrt, subtract } from '../../graph/nn.ts';
import { orDefault } from './keras-values.ts';
import { defineLayer, lastSide, only, type WeightSpec } from './layer-definition.ts';

/** Keras 2.4 and later write the axis as a list of one. */
const axis = z.union([z.int(), z.tuple([z.int()]).transform(([value]) => value)]);

function requireLastAxis(given: number, shape: Shape): void {
  if (given === -1 || given === shape.length) return;
  throw new InvalidInputError(
    'model/layer-config',
    `It works on axis ${given}; only the last one, the channels, is supported.`,
  );
}

export const BatchNormalization = defineLayer({
  config: z.object({
    axis: orDefault(axis, -1),
    momentum: orDefault(z.number().min(0).max(1), 0.99),
    epsilon: orDefault(z.number().nonnegative(), 1e-3),
    center: orDefault(z.boolean(), true),
    scale: orDefault(z.boolean(), true),
  }),
  outputShape: (config, inputs) => {
    requireLastAxis(config.axis, only(inputs));
    return only(inputs);
  },
  weights: ({ center, scale }, inputs) => {
    const shape = [lastSide(only(inputs))];
    const specs: WeightSpec[] = [];
    if (scale) specs.push({ name: 'gamma', shape, trainable: true, initial: 'Ones' });
    if (center) specs.push({ name: 'beta', shape, trainable: true, initial: 'Zeros' });
    specs.push({ name: 'moving_mean', shape, trainable: false, initial: 'Zeros' });
    specs.push({ name: 'moving_variance', shape, trainable: false, initial: 'Ones' });
    return specs;
  },
  emit: (
    { center, scale, epsilon, momentum },
    inputs,
    { mode, batchNormMomentum, variable, value, update },
  ) => {
    const x = only(inputs);
    const fill = (fillWith: number) =>
      x.graph.constant(new Float32Array(lastSide(x.shape)).fill(fillWith), [lastSide(x.shape)]);
    // TensorFlow's kernel takes images only.
    const image = reshape(x, [elementCount(x.shape.slice(0, -1)), 1, 1, lastSide(x.shape)]);
    const { y, updates } = batchNorm(x.shape.length === 4 ? x : image, {
      scale: scale ? value('gamma') : fill(1),
      offset: center ? value('beta') : fill(0),
      mean: variable('moving_mean'),
      variance: variable('moving_variance'),
      epsilon,
      momentum: batchNormMomentum ?? momentum,
      training: mode === 'training',
    });
    update(updates);
    return reshape(y, x.shape);
  },
});

/** Keras's input normalisation: `(x - mean) / max(sqrt(variance), 1e-7)` by channel, never trained. */
export const Normalization = defineLayer({
  config: z.object({
    axis: orDefault(axis, -1),
    invert: orDefault(z.literal(false, { error: 'must be false' }), false),
    mean: z.union([z.number(), z.array(z.number())]).nullish(),
    variance: z.union([z.number(), z.array(z.number())]).nullish(),
  }),
  outputShape: (config, inputs) => {
    requireLastAxis(config.axis, only(inputs));
    return only(inputs);
  },
  weights: (_config, inputs) => {
    const shape = [lastSide(only(inputs))];
    return [
      { name: 'mean', shape, trainable: false, initial: 'Zeros' },
      { name: 'variance', shape, trainable: false, initial: 'Ones' },
    ];
  },
  emit: (_config, inputs, { value }) => {
    const x = only(inputs);
    const deviation = maximum(sqrt(value('variance')), x.graph.constant(1e-7));
    return divide(subtract(x, value('mean')), deviation);
  },
});

export const Rescaling = defineLayer({
  config: z.object({
    scale: z.union([z.number(), z.array(z.number()).min(1)]),
    offset: orDefault(z.union([z.number(), z.array(z.number()).min(1)]), 0),
  }),
  outputShape: ({ scale, offset }, inputs) => {
    const shape = only(inputs);
    for (const values of [scale, offset]) {
      if (typeof values === 'number' || values.length === lastSide(shape)) continue;
      throw new InvalidInputError(
        'model/layer-config',
        `It has ${values.length} values for ${lastSide(shape)} channels.`,
      );
    }
    return shape;
  },
  emit: ({ scale, offset }, inputs) => {
    const x = only(inputs);
    return add(multiply(x, x.graph.constant(scale)), x.graph.constant(offset));
  },
});

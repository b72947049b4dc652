import { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import { elementCount, type Shape } from '../../graph/tensor.ts';
import { pad, reshape, resizeBilinear, resizeNearest, slice } from '../../graph/nn.ts';
import { borders, channelsLast, count, orDefault, pair } from './keras-values.ts';
import { defineLayer, describeShape, imageShape, only } from './layer-definition.ts';

const dimension = count.nullable();

/** Keras 3 calls the shape `batchShape`; the batch itself is left to the reader. */
export const InputLayer = defineLayer({
  config: z
    .object({
      batchInputShape: z.array(dimension).min(2).nullish(),
      batchShape: z.array(dimension).min(2).nullish(),
    })
    .transform(({ batchInputShape, batchShape }, context) => {
      const shape = batchInputShape ?? batchShape;
      if (shape != null) return { shape: shape.slice(1) };
      context.addIssue({ code: 'custom', message: 'has neither batch_input_shape nor batch_shape' });
      return z.NEVER;
    }),
  arity: 'none',
  outputShape: ({ shape }) =>
    shape.map((side) => {
      if (side !== null) return side;
      throw new InvalidInputError(
        'model/unknown-input-shape',
        `The network takes inputs of any size ([${shape.map((each) => each ?? '?').join(', ')}]), so the size must be given.`,
        { hint: 'Set spec.dataset.preprocessing.image to the height, width and channels to use.' },
      );
    }),
  emit: (_config, inputs) => only(inputs),
});

export const Flatten = defineLayer({
  config: z.object({ dataFormat: channelsLast }),
  outputShape: (_config, inputs) => [elementCount(only(inputs))],
  emit: (_config, inputs) => {
    const x = only(inputs);
    const [batch = 1, ...sides] = x.shape;
    return reshape(x, [batch, elementCount(sides)]);
  },
});

function reshaped(target: readonly number[], input: Shape): Shape {
  const size = elementCount(input);
  const known = target.reduce((product, side) => (side === -1 ? product : product * side), 1);
  const result = target.map((side) => (side === -1 ? size / known : side));
  if (elementCount(result) === size && result.every(Number.isInteger)) return result;
  throw new InvalidInputError(
    'model/layer-input',
    `It cannot make ${describeShape(target)} out of ${describeShape(input)}.`,
  );
}

const targetSide = z.union([count, z.literal(-1), z.null().transform(() => -1)]);

export const Reshape = defineLayer({
  config: z.object({
    targetShape: z
      .array(targetSide)
      .refine((sides) => sides.filter((side) => side === -1).length <= 1, 'has more than one unknown side'),
  }),
  outputShape: ({ targetShape }, inputs) => reshaped(targetShape, only(inputs)),
  emit: ({ targetShape }, inputs) => {
    const x = only(inputs);
    const [batch = 1, ...sides] = x.shape;
    return reshape(x, [batch, ...reshaped(targetShape, sides)]);
  },
});

export const ZeroPadding2D = defineLayer({
  config: z.object({
    padding: orDefault(borders, [[1, 1], [1, 1]]), // prettier-ignore
    dataFormat: channelsLast,
  }),
  outputShape: ({ padding: [vertical, horizontal] }, inputs) => {
    const { height, width, channels } = imageShape(inputs);
    return [height + vertical[0] + vertical[1], width + horizontal[0] + horizontal[1], channels];
  },
  emit: ({ padding: [vertical, horizontal] }, inputs) =>
    pad(only(inputs), [[0, 0], vertical, horizontal, [0, 0]]),
});

export const Cropping2D = defineLayer({
  config: z.object({
    cropping: orDefault(borders, [[0, 0], [0, 0]]), // prettier-ignore
    dataFormat: channelsLast,
  }),
  outputShape: ({ cropping: [vertical, horizontal] }, inputs) => {
    const { height, width, channels } = imageShape(inputs);
    return [height - vertical[0] - vertical[1], width - horizontal[0] - horizontal[1], channels];
  },
  emit: ({ cropping: [vertical, horizontal] }, inputs) => {
    const x = only(inputs);
    const [batch = 1, height = 1, width = 1, channels = 1] = x.shape;
    return slice(
      x,
      [0, vertical[0], horizontal[0], 0],
      [batch, height - vertical[0] - vertical[1], width - horizontal[0] - horizontal[1], channels],
    );
  },
});

/** Bilinear without half-pixel centres, as TensorFlow.js does it. */
export const UpSampling2D = defineLayer({
  config: z.object({
    size: orDefault(pair, [2, 2]),
    interpolation: orDefault(z.enum(['nearest', 'bilinear']), 'nearest'),
    dataFormat: channelsLast,
  }),
  outputShape: ({ size }, inputs) => {
    const { height, width, channels } = imageShape(inputs);
    return [height * size[0], width * size[1], channels];
  },
  emit: ({ size, interpolation }, inputs) => {
    const x = only(inputs);
    const [, height = 1, width = 1] = x.shape;
    const resize = interpolation === 'nearest' ? resizeNearest : resizeBilinear;
    return resize(x, [height * size[0], width * size[1]]);
  },
});

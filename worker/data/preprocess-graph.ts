import { InvalidInputError } from '../../common/error.ts';
import {
  add,
  cast,
  concat,
  divide,
  maximum,
  mean,
  minimum,
  multiply,
  projectiveTransform,
  reshape,
  slice,
  subtract,
} from '../graph/nn.ts';
import type { Tensor } from '../graph/tensor.ts';
import { changesColour, changesGeometry, colourColumns } from './augmentation.ts';
import type { Augmentation, Preprocessing } from './dataset-spec.ts';

/** The augmentation of a batch: what may change, and the rows of the {@link AugmentationTable} of its records. */
export interface BatchAugmentation {
  readonly spec: Augmentation;
  /** float32 `[batch, 8]` */
  readonly transforms: Tensor;
  /** float32 `[batch, 3]` */
  readonly colours: Tensor;
}

/**
 * From stored records to the teacher's input: geometry, then colour (brightness, contrast, saturation, as the rows
 * say), then `(x * rescale - mean) / std`, then the channel order.
 *
 * Without augmentation, or with a row that changes nothing, every pixel is only scaled. Colours of 8-bit records stay within
 * 0 to 255.
 *
 * @param raw uint8 or float32 `[batch, height, width, channels]`
 * @returns float32 `[batch, height, width, channels]`
 */
export function emitPreprocessing(
  raw: Tensor,
  preprocessing: Preprocessing,
  augmentation?: BatchAugmentation,
): Tensor {
  let x = cast(raw, 'float32');
  if (augmentation !== undefined && changesGeometry(augmentation.spec)) {
    const interpolation = augmentation.spec.rotation > 0 ? 'BILINEAR' : 'NEAREST';
    x = projectiveTransform(x, augmentation.transforms, { interpolation });
  }
  if (augmentation !== undefined && changesColour(augmentation.spec)) {
    const eightBit = raw.dtype === 'uint8';
    x = changeColour(x, augmentation, eightBit ? 255 : 1);
    if (eightBit) x = minimum(maximum(x, 0), 255);
  }
  return orderChannels(scale(x, preprocessing), preprocessing);
}

function changeColour(image: Tensor, { spec, colours }: BatchAugmentation, fullScale: number): Tensor {
  let x = image;
  if (spec.brightness > 0) x = add(x, multiply(column(colours, 0), fullScale));
  if (spec.contrast > 0) x = blend(x, mean(x, { axes: [1, 2], keepDimensions: true }), column(colours, 1));
  if (spec.saturation > 0 && channelsOf(x) === 3) x = blend(x, luma(x), column(colours, 2));
  return x;
}

/** `[batch, 1, 1, 1]`: one factor for each image. */
function column(colours: Tensor, index: number): Tensor {
  const [batch = 0, columns] = colours.shape;
  if (columns !== colourColumns) throw new RangeError(`Colours have ${colourColumns} columns.`);
  return reshape(slice(colours, [0, index], [batch, 1]), [batch, 1, 1, 1]);
}

/** `x * factor + other * (1 - factor)`: in this form, unlike `other + (x - other) * factor`, 1 keeps x's bits. */
function blend(x: Tensor, other: Tensor, factor: Tensor): Tensor {
  const one = factor.graph.constant(1);
  return add(multiply(x, factor), multiply(other, subtract(one, factor)));
}

/** ITU-R BT.601. */
function luma(x: Tensor): Tensor {
  const [red, green, blue] = [channel(x, 0), channel(x, 1), channel(x, 2)];
  return add(add(multiply(red, 0.299), multiply(green, 0.587)), multiply(blue, 0.114));
}

function channel(x: Tensor, index: number): Tensor {
  const [batch = 0, height = 0, width = 0] = x.shape;
  return slice(x, [0, 0, 0, index], [batch, height, width, 1]);
}

function channelsOf(x: Tensor): number {
  return x.shape[3] ?? 0;
}

function scale(image: Tensor, { rescale, mean: means, std }: Preprocessing): Tensor {
  const channels = channelsOf(image);
  const offset = perChannel(means, { channels, field: 'mean', otherwise: 0 });
  const divisor = perChannel(std, { channels, field: 'std', otherwise: 1 });
  let x = image;
  if (rescale !== 1) x = multiply(x, rescale);
  if (offset.some((value) => value !== 0)) x = subtract(x, x.graph.constant(offset));
  if (divisor.some((value) => value !== 1)) x = divide(x, x.graph.constant(divisor));
  return x;
}

interface PerChannelOptions {
  readonly channels: number;
  readonly field: 'mean' | 'std';
  readonly otherwise: number;
}

function perChannel(
  values: readonly number[],
  { channels, field, otherwise }: PerChannelOptions,
): readonly number[] {
  const [only = otherwise] = values;
  const filled = values.length <= 1 ? Array.from({ length: channels }, () => only) : values;
  const wrong =
    filled.length !== channels
      ? `It has ${filled.length} values for ${channels} channels.`
      : field === 'std' && filled.includes(0)
        ? 'It has a 0, and is divided by.'
        : undefined;
  if (wrong === undefined) return filled;
  throw new InvalidInputError('data/preprocessing', wrong, {
    where: `spec.dataset.preprocessing.${field}`,
    hint: 'Give no value, one value, or one for each channel.',
  });
}

function orderChannels(x: Tensor, { channelOrder }: Preprocessing): Tensor {
  if (channelOrder === 'RGB') return x;
  if (channelsOf(x) !== 3) {
    throw new InvalidInputError(
      'data/preprocessing',
      `BGR needs 3 channels; the teacher takes ${channelsOf(x)}.`,
      {
        where: 'spec.dataset.preprocessing.channelOrder',
        hint: 'Remove it.',
      },
    );
  }
  return concat([channel(x, 2), channel(x, 1), channel(x, 0)]);
}

import { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import type { Shape, Tensor } from '../../graph/tensor.ts';
import { biasAdd, conv2d, depthwiseConv2d, pointwiseConv2d } from '../../graph/nn.ts';
import { activation, emitActivation, type ActivationName } from './activation-functions.ts';
import { channelsLast, count, orDefault, padding, pair } from './keras-values.ts';
import {
  defineLayer,
  describeShape,
  imageShape,
  only,
  type EmitContext,
  type Precision,
  type WeightSpec,
} from './layer-definition.ts';

/** What all convolutions say about the window that they slide over `[height, width, channels]`. */
const windowFields = {
  kernelSize: pair,
  strides: orDefault(pair, [1, 1]),
  padding,
  dilationRate: orDefault(pair, [1, 1]),
  dataFormat: channelsLast,
  activation,
  useBias: orDefault(z.boolean(), true),
};

export interface Window {
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'valid' | 'same';
  readonly dilationRate: readonly [number, number];
}

/** Height or width after a window has slid over `size`. */
function slide(size: number, window: Window, axis: 0 | 1): number {
  const stride = window.strides[axis];
  if (window.padding === 'same') return Math.ceil(size / stride);
  const reach = (window.kernelSize[axis] - 1) * window.dilationRate[axis] + 1;
  return Math.ceil((size - reach + 1) / stride);
}

/** `[height, width]` after a window has slid over the only input. Throws when the window does not fit in. */
export function slideOver(window: Window, inputs: readonly Shape[]): readonly [number, number] {
  const { height, width } = imageShape(inputs);
  const result = [slide(height, window, 0), slide(width, window, 1)] as const;
  if (result[0] > 0 && result[1] > 0) return result;
  throw new InvalidInputError(
    'model/layer-input',
    `Its window of ${describeShape(window.kernelSize)} does not fit into its input of ${describeShape(only(inputs))}.`,
  );
}

function requireOneOfStrideAndDilation({ strides, dilationRate }: Window): void {
  if (Math.max(...strides) === 1 || Math.max(...dilationRate) === 1) return;
  throw new InvalidInputError('model/layer-config', 'Strides and dilation together are not supported.');
}

function requireSquareStrides({ strides }: Window): void {
  if (strides[0] === strides[1]) return;
  throw new InvalidInputError(
    'model/layer-config',
    `A depthwise convolution takes equal strides for height and width; these are ${describeShape(strides)}.`,
  );
}

function bias(size: number, useBias: boolean): readonly WeightSpec[] {
  return useBias ? [{ name: 'bias', shape: [size], trainable: true, initial: 'Zeros' }] : [];
}

function depthwiseKernel(window: Window, channels: number, depthMultiplier: number): WeightSpec {
  const [height, width] = window.kernelSize;
  return {
    name: 'depthwise_kernel',
    shape: [height, width, channels, depthMultiplier],
    trainable: true,
    initial: 'HeNormal',
    fanIn: height * width,
    alsoKnownAs: ['kernel'],
  };
}

function graphWindow(window: Window, precision: Precision) {
  return {
    strides: window.strides,
    padding: window.padding === 'same' ? ('SAME' as const) : ('VALID' as const),
    dilations: window.dilationRate,
    precision: convolutionPrecision(precision),
  };
}

function convolutionPrecision(precision: Precision): 'float32' | 'bfloat16' {
  return precision === 'BFloat16' ? 'bfloat16' : 'float32';
}

interface Finish {
  readonly useBias: boolean;
  readonly activation: ActivationName;
}

function finish(convolved: Tensor, config: Finish, { value }: EmitContext): Tensor {
  return emitActivation(config.activation, config.useBias ? biasAdd(convolved, value('bias')) : convolved);
}

function convolve(x: Tensor, config: Window, context: EmitContext): Tensor {
  const kernel = context.value('kernel');
  const pointwise = [...config.kernelSize, ...config.strides].every((size) => size === 1);
  return pointwise
    ? convolvePointwise(x, kernel, context)
    : conv2d(x, kernel, graphWindow(config, context.precision));
}

function convolveDepthwise(x: Tensor, config: Window, { precision, value }: EmitContext): Tensor {
  return depthwiseConv2d(x, value('depthwise_kernel'), graphWindow(config, precision));
}

function convolvePointwise(x: Tensor, kernel: Tensor, { mode, precision }: EmitContext): Tensor {
  const convolution = mode === 'training' ? pointwiseConv2d : conv2d;
  return convolution(x, kernel, { precision: convolutionPrecision(precision) });
}

export const Conv2D = defineLayer({
  config: z.object({
    ...windowFields,
    filters: count,
    groups: orDefault(z.literal(1, { error: 'must be 1: grouped convolutions are not supported' }), 1),
  }),
  outputShape: (config, inputs) => {
    requireOneOfStrideAndDilation(config);
    return [...slideOver(config, inputs), config.filters];
  },
  weights: ({ kernelSize: [height, width], filters, useBias }, inputs) => {
    const { channels } = imageShape(inputs);
    return [
      {
        name: 'kernel',
        shape: [height, width, channels, filters],
        trainable: true,
        initial: 'HeNormal',
        fanIn: height * width * channels,
      },
      ...bias(filters, useBias),
    ];
  },
  macs: ({ kernelSize, filters }, inputs, output) =>
    positions(output) * kernelSize[0] * kernelSize[1] * imageShape(inputs).channels * filters,
  emit: (config, inputs, context) => finish(convolve(only(inputs), config, context), config, context),
});

export const DepthwiseConv2D = defineLayer({
  config: z.object({ ...windowFields, depthMultiplier: orDefault(count, 1) }),
  outputShape: (config, inputs) => {
    requireOneOfStrideAndDilation(config);
    requireSquareStrides(config);
    return [...slideOver(config, inputs), imageShape(inputs).channels * config.depthMultiplier];
  },
  weights: (config, inputs) => {
    const { channels } = imageShape(inputs);
    return [
      depthwiseKernel(config, channels, config.depthMultiplier),
      ...bias(channels * config.depthMultiplier, config.useBias),
    ];
  },
  macs: ({ kernelSize, depthMultiplier }, inputs, output) =>
    positions(output) * kernelSize[0] * kernelSize[1] * imageShape(inputs).channels * depthMultiplier,
  emit: (config, inputs, context) =>
    finish(convolveDepthwise(only(inputs), config, context), config, context),
});

export const SeparableConv2D = defineLayer({
  config: z.object({ ...windowFields, filters: count, depthMultiplier: orDefault(count, 1) }),
  outputShape: (config, inputs) => {
    requireOneOfStrideAndDilation(config);
    requireSquareStrides(config);
    return [...slideOver(config, inputs), config.filters];
  },
  weights: (config, inputs) => {
    const { channels } = imageShape(inputs);
    const between = channels * config.depthMultiplier;
    return [
      depthwiseKernel(config, channels, config.depthMultiplier),
      {
        name: 'pointwise_kernel',
        shape: [1, 1, between, config.filters],
        trainable: true,
        initial: 'HeNormal',
        fanIn: between,
      },
      ...bias(config.filters, config.useBias),
    ];
  },
  macs: ({ kernelSize, depthMultiplier, filters }, inputs, output) =>
    positions(output) *
    imageShape(inputs).channels *
    depthMultiplier *
    (kernelSize[0] * kernelSize[1] + filters),
  emit: (config, inputs, context) => {
    const between = convolveDepthwise(only(inputs), config, context);
    return finish(convolvePointwise(between, context.value('pointwise_kernel'), context), config, context);
  },
});

function positions([height = 1, width = 1]: Shape): number {
  return height * width;
}

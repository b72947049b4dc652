import { BlockstillError } from '../../../common/error.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import { matMul } from './arithmetic.ts';
import { batchToSpace, cast, pad, reshape, spaceToBatch } from './layout.ts';
import { output } from './output.ts';
import { averagePool } from './pooling.ts';
import type { ExplicitPadding, Padding, Pair, WindowOptions } from './window.ts';
import { paddingAttributes, pairOf, perAxis } from './window.ts';

export interface ConvolutionOptions extends WindowOptions {
  readonly dilations?: Pair;
  /** `bfloat16` rounds input and filter to 8 bits of precision; sums and result stay float32. */
  readonly precision?: 'float32' | 'bfloat16';
}

type Convolution = 'Conv2D' | 'DepthwiseConv2dNative';

/** Convolves `x [batch, height, width, in]` with `filter [height, width, in, out]`. */
export function conv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve('Conv2D', { x, filter }, options);
}

/** Convolves each channel of `x [batch, height, width, in]` alone: `filter [height, width, in, multiplier]`. */
export function depthwiseConv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve('DepthwiseConv2dNative', { x, filter }, options);
}

/**
 * `conv2d` of `x [batch, height, width, in]` with `filter [1, 1, in, out]` as one matrix product over all pixels. On a
 * CPU its gradients take less time than a convolution's, up to ten times less where images are small. For training:
 * TensorFlow fuses BatchNorm in inference mode into a convolution, but not into a matrix product.
 */
export function pointwiseConv2d(
  x: Tensor,
  filter: Tensor,
  { precision = 'float32' }: Pick<ConvolutionOptions, 'precision'> = {},
): Tensor {
  const [from = 1, to = 1] = filter.shape.slice(2);
  const pixels = reshape(cast(x, precision), [elementCount(x.shape.slice(0, 3)), from]);
  const y = matMul(pixels, reshape(cast(filter, precision), [from, to]));
  return cast(reshape(y, [...x.shape.slice(0, 3), to]), x.dtype);
}

/**
 * A pointwise convolution with unequal strides is composed: of the pixels that it reads, then of a convolution with
 * stride 1. TensorFlow's kernel for the gradient of its filter is wrong on some processors (oneDNN on AVX2).
 */
function convolve(
  op: Convolution,
  { x, filter }: { x: Tensor; filter: Tensor },
  { strides = 1, padding = 'SAME', dilations = 1, precision = 'float32' }: ConvolutionOptions,
): Tensor {
  const [down, right] = pairOf(strides);
  if (down !== right && filter.shape[0] === 1 && filter.shape[1] === 1) {
    const some = averagePool(padded(x, padding), { size: 1, strides });
    return convolve(op, { x: some, filter }, { precision });
  }
  const inputs = { x: cast(x, precision), filter: cast(filter, precision) };
  const dilated = pairOf(dilations).some((dilation) => dilation > 1);
  const y = dilated
    ? dilatedConvolution(op, inputs, { strides, padding, dilations })
    : output(op, [inputs.x, inputs.filter], { strides: perAxis(strides), ...paddingAttributes(padding) });
  return cast(y, x.dtype);
}

/**
 * A dilated convolution from an ordinary one: the pixels of each residue modulo the dilation are an image of their
 * own (arXiv 1511.07122). TensorFlow has dilated kernels, but the gradients of its depthwise ones ignore the
 * dilation without an error, and those of its ordinary ones do not exist on every device.
 */
function dilatedConvolution(
  op: Convolution,
  { x, filter }: { x: Tensor; filter: Tensor },
  options: { strides: Pair; padding: Padding; dilations: Pair },
): Tensor {
  const dilations = pairOf(options.dilations);
  if (pairOf(options.strides).some((stride) => stride > 1)) {
    throw new BlockstillError(
      'graph/strided-dilation',
      'A convolution cannot have both strides and dilations.',
    );
  }
  const [top, bottom, left, right] = paddingAround(filter, dilations, options.padding);
  const [, height = 0, width = 0] = x.shape;
  const missing = (side: number, dilation: number): number => (dilation - (side % dilation)) % dilation;
  const below = missing(height + top + bottom, dilations[0]);
  const beside = missing(width + left + right, dilations[1]);
  const spread = spaceToBatch(x, dilations, [top, bottom + below, left, right + beside]);
  const y = output(op, [spread, filter], { padding: 'VALID' });
  return batchToSpace(y, dilations, [0, below, 0, beside]);
}

function padded(x: Tensor, padding: Padding): Tensor {
  if (typeof padding === 'string') return x;
  const [top, bottom, left, right] = padding;
  return pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

function paddingAround(
  filter: Tensor,
  dilations: readonly [number, number],
  padding: Padding,
): ExplicitPadding {
  if (padding === 'VALID') return [0, 0, 0, 0];
  if (padding !== 'SAME') return padding;
  const [kernelHeight = 1, kernelWidth = 1] = filter.shape;
  const [tall, wide] = [(kernelHeight - 1) * dilations[0], (kernelWidth - 1) * dilations[1]];
  return [Math.floor(tall / 2), Math.ceil(tall / 2), Math.floor(wide / 2), Math.ceil(wide / 2)];
}

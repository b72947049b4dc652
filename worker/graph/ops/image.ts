import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Backward, OpDefinition, OpFamily } from '../op-definition.ts';
import { fixed, given, input, likeFirstInput, noGradient, typeOf } from '../op-definition.ts';
import type { Tensor } from '../tensor.ts';
import { constantShape } from './constant-input.ts';
import { imageShape } from './window.ts';

const alignment = { align_corners: given('bool', false), half_pixel_centers: given('bool', false) };
const firstDerivativesOnly = noGradient('Blockstill takes first derivatives only');

/** Inputs: images, size `[height, width]` (constant). The result is float32 for ResizeBilinear. */
function resize(gradient: (backward: Backward, x: Tensor) => Tensor): OpDefinition {
  return {
    attributes: { T: typeOf(0), ...alignment },
    outputs: (call) => {
      const [batch, , , channels] = imageShape(call, 0);
      return [{ shape: [batch, ...constantShape(call, 1), channels], dtype: input(call, 0).dtype }];
    },
    gradient: (backward) => [() => gradient(backward, input(backward.operation, 0))],
    facets: ({ attributes }) => ({
      corners: [`${attributes['align_corners']}-${attributes['half_pixel_centers']}`],
    }),
    checked: { corners: ['false-false', 'true-false', 'false-true'] },
  };
}

function alignmentOf({ operation: { attributes } }: Backward) {
  return {
    align_corners: attributes['align_corners'] === true,
    half_pixel_centers: attributes['half_pixel_centers'] === true,
  };
}

type Name =
  | 'ResizeNearestNeighbor'
  | 'ResizeBilinear'
  | 'ResizeNearestNeighborGrad'
  | 'ResizeBilinearGrad'
  | 'ImageProjectiveTransformV3'
  | 'StatelessRandomUniform';

export const imageOps: OpFamily<Name> = {
  ResizeNearestNeighbor: resize((backward, x) =>
    output(
      'ResizeNearestNeighborGrad',
      [backward.dy, integers(x.graph, x.shape.slice(1, 3))],
      alignmentOf(backward),
    ),
  ),
  ResizeBilinear: resize((backward, x) =>
    output('ResizeBilinearGrad', [backward.dy, x], alignmentOf(backward)),
  ),
  ResizeNearestNeighborGrad: {
    attributes: { T: typeOf(0), ...alignment },
    outputs: (call) => {
      const [batch, , , channels] = imageShape(call, 0);
      return [{ shape: [batch, ...constantShape(call, 1), channels], dtype: input(call, 0).dtype }];
    },
    gradient: firstDerivativesOnly,
  },
  ResizeBilinearGrad: {
    attributes: { T: typeOf(1), ...alignment },
    outputs: (call) => [{ shape: input(call, 1).shape, dtype: input(call, 1).dtype }],
    gradient: firstDerivativesOnly,
  },
  /**
   * Inputs: images, transforms `[batch or 1, 8]`, output size (constant), fill value. Output pixel (x, y) is input
   * pixel ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1.
   */
  ImageProjectiveTransformV3: {
    attributes: {
      dtype: typeOf(0),
      interpolation: given('string', 'BILINEAR'),
      fill_mode: given('string', 'CONSTANT'),
    },
    outputs: (call) => {
      const [batch, , , channels] = imageShape(call, 0);
      return [
        {
          ...likeFirstInput(call)[0],
          shape: [batch, ...constantShape(call, 2), channels],
          dtype: input(call, 0).dtype,
        },
      ];
    },
    gradient: noGradient('images are augmented, not learned'),
  },
  /** Inputs: shape (constant), int32 seed `[2]`. Uniform in [0, 1); the same seed gives the same numbers. */
  StatelessRandomUniform: {
    attributes: { dtype: fixed('type', 'float32'), T: fixed('type', 'int32'), Tseed: fixed('type', 'int32') },
    outputs: (call) => [{ shape: constantShape(call, 0), dtype: 'float32' }],
    gradient: noGradient('random numbers depend on nothing'),
  },
};

import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Backward, Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { firstDerivativesOnly, given, input, noGradient, typeOf } from '../op-definition.ts';
import type { Tensor } from '../tensor.ts';
import { constantShape } from './constant-input.ts';
import { imageShape } from './window.ts';

const alignment = { align_corners: given('bool', false), half_pixel_centers: given('bool', false) };

/** The images of the first input in the size that the input `sizeIndex` says. */
function resized(sizeIndex: number): OpDefinition['outputs'] {
  return (call) => {
    const [batch, , , channels] = imageShape(call, 0);
    return [{ shape: [batch, ...constantShape(call, sizeIndex), channels], dtype: input(call, 0).dtype }];
  };
}

/** Inputs: images, size `[height, width]` (constant). */
function resize(gradient: (backward: Backward, x: Tensor) => Tensor): OpDefinition {
  return {
    attributes: { T: typeOf(0), ...alignment },
    outputs: resized(1),
    gradient: (backward) => [() => gradient(backward, input(backward.operation, 0))],
    facets: (call) => ({ alignment: [Object.values(alignmentOf(call)).join()] }),
    checked: { alignment: ['false,false', 'true,false', 'false,true'] },
  };
}

function alignmentOf({ attributes }: Pick<Call, 'attributes'>) {
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
  | 'ImageProjectiveTransformV3';

export const imageOps: OpFamily<Name> = {
  ResizeNearestNeighbor: resize(({ operation, dy }, x) => {
    const size = integers(x.graph, x.shape.slice(1, 3));
    return output('ResizeNearestNeighborGrad', [dy, size], alignmentOf(operation));
  }),
  ResizeBilinear: resize(({ operation, dy }, x) =>
    output('ResizeBilinearGrad', [dy, x], alignmentOf(operation)),
  ),
  ResizeNearestNeighborGrad: {
    attributes: { T: typeOf(0), ...alignment },
    outputs: resized(1),
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
    outputs: resized(2),
    gradient: noGradient('images are augmented, not learned'),
  },
};

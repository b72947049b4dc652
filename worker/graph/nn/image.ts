import type { Tensor } from '../tensor.ts';
import { integers } from './integers.ts';
import { output } from './output.ts';

export interface ResizeOptions {
  /** The centres of the corner pixels stay where they are. */
  readonly alignCorners?: boolean;
  /** Pixels are squares with their centre at 0.5, as Keras resizes. */
  readonly halfPixelCenters?: boolean;
}

type Size = readonly [number, number];

/** Resizes `x [batch, height, width, channels]` to `[height, width]`. */
export function resizeNearest(x: Tensor, size: Size, options: ResizeOptions = {}): Tensor {
  return output('ResizeNearestNeighbor', [x, integers(x.graph, size)], alignment(options));
}

/** Resizes `x [batch, height, width, channels]` to `[height, width]`. */
export function resizeBilinear(x: Tensor, size: Size, options: ResizeOptions = {}): Tensor {
  return output('ResizeBilinear', [x, integers(x.graph, size)], alignment(options));
}

function alignment({ alignCorners = false, halfPixelCenters = false }: ResizeOptions) {
  return { align_corners: alignCorners, half_pixel_centers: halfPixelCenters };
}

export interface TransformOptions {
  readonly interpolation?: 'NEAREST' | 'BILINEAR';
  /** What lies outside the image. */
  readonly fill?: 'CONSTANT' | 'REFLECT' | 'WRAP' | 'NEAREST';
  readonly fillValue?: number;
}

/**
 * Warps `x [batch, height, width, channels]` by `transforms [batch, 8]` = (a0, a1, a2, b0, b1, b2, c0, c1): output
 * pixel (x, y) shows input pixel ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1.
 */
export function projectiveTransform(x: Tensor, transforms: Tensor, options: TransformOptions = {}): Tensor {
  const { interpolation = 'BILINEAR', fill = 'CONSTANT', fillValue = 0 } = options;
  const size = integers(x.graph, x.shape.slice(1, 3));
  return output('ImageProjectiveTransformV3', [x, transforms, size, x.graph.constant(fillValue)], {
    interpolation,
    fill_mode: fill,
  });
}

import type { Attributes } from '../tensor.ts';

/** One number for height and width, or `[height, width]`. */
export type Pair = number | readonly [number, number];

/** Zeros around an image: `[top, bottom, left, right]`. */
export type ExplicitPadding = readonly [number, number, number, number];

/** `SAME` pads so that stride 1 keeps the size, the odd pixel at the bottom and right; `VALID` does not pad. */
export type Padding = 'SAME' | 'VALID' | ExplicitPadding;

export interface WindowOptions {
  readonly strides?: Pair;
  readonly padding?: Padding;
}

export function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : pair;
}

/** A height and a width as TensorFlow lists them, `[batch, height, width, channels]`. */
export function perAxis(pair: Pair): readonly number[] {
  return [1, ...pairOf(pair), 1];
}

export function paddingAttributes(padding: Padding): Attributes {
  if (typeof padding === 'string') return { padding };
  return { padding: 'EXPLICIT', explicit_paddings: [0, 0, ...padding, 0, 0] };
}

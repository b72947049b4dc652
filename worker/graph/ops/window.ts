import type { Call, CheckedValues } from '../op-definition.ts';
import { given, numbersAttribute, requireShape, typeOf, fixed } from '../op-definition.ts';
import type { AttributeRule } from '../op-definition.ts';

/** What convolutions and pools share: a window that moves over `[batch, height, width, channels]`. */
export const windowAttributes = {
  T: typeOf(0),
  strides: given('ints', [1, 1, 1, 1]),
  padding: given('string'),
  data_format: fixed('string', 'NHWC'),
} satisfies Record<string, AttributeRule>;

export const convolutionAttributes = {
  ...windowAttributes,
  dilations: given('ints', [1, 1, 1, 1]),
  explicit_paddings: given('ints', []),
} satisfies Record<string, AttributeRule>;

/** The height and width that a window of `kernel` leaves of `sides`. */
export function windowedSides(
  call: Call,
  sides: readonly [number, number],
  kernel: readonly [number, number],
): readonly [number, number] {
  const strides = numbersAttribute(call, 'strides');
  const dilations = numbersAttribute(call, 'dilations');
  const paddings = numbersAttribute(call, 'explicit_paddings');
  const padding = call.attributes['padding'];
  const side = (axis: 0 | 1): number => {
    const stride = strides[axis + 1] ?? 1;
    if (padding === 'SAME') return Math.ceil(sides[axis] / stride);
    const around = padding === 'EXPLICIT' ? (paddings[2 * axis + 2] ?? 0) + (paddings[2 * axis + 3] ?? 0) : 0;
    const extent = (kernel[axis] - 1) * (dilations[axis + 1] ?? 1) + 1;
    return Math.floor((sides[axis] + around - extent) / stride) + 1;
  };
  const result = [side(0), side(1)] as const;
  requireShape(result[0] > 0 && result[1] > 0, call, 'the window is larger than the input');
  return result;
}

/** `[batch, height, width, channels]` of an input that must be an image. */
export function imageShape(call: Call, index: number): readonly [number, number, number, number] {
  const [batch, height, width, channels] = call.inputs[index]?.shape ?? [];
  const image = [batch, height, width, channels].every((side) => side !== undefined);
  requireShape(image, call, `input ${index} must be [batch, height, width, channels]`);
  return [batch ?? 0, height ?? 0, width ?? 0, channels ?? 0];
}

/** What gradient checks depend on. Strides are checked as pairs, `2x1` is two rows and one column a step. */
export function windowFacets(call: Call, kernel: readonly number[]): CheckedValues {
  return {
    kernel,
    stride: [numbersAttribute(call, 'strides').slice(1, 3).join('x')],
    dilation: numbersAttribute(call, 'dilations').slice(1, 3),
    padding: [String(call.attributes['padding'])],
  };
}

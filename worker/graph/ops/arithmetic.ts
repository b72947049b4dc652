import { output } from '../nn/output.ts';
import type { GradientRule, OpDefinition, OpFamily } from '../op-definition.ts';
import { fixed, given, input, noGradient, requireShape, typeOf } from '../op-definition.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastGradient, broadcastShape, sumToShape } from './broadcast.ts';

/** `y = f(a, b)` element by element, the shapes broadcast. */
function binary(gradient: OpDefinition['gradient'], boolean = false): OpDefinition {
  return {
    attributes: { T: typeOf(0) },
    outputs: (call) => {
      const { dtype } = input(call, 0);
      requireShape(dtype === input(call, 1).dtype, call, 'both inputs must have one type');
      return [{ shape: broadcastShape(call), dtype: boolean ? 'bool' : dtype }];
    },
    gradient,
  };
}

const comparison = binary(noGradient('a comparison has no slope'), true);

const multiply = (a: Tensor, b: Tensor): Tensor => output('Mul', [a, b]);
const divide = (a: Tensor, b: Tensor): Tensor => output('RealDiv', [a, b]);
const negate = (a: Tensor): Tensor => output('Neg', [a]);
const zero = (like: Tensor): Tensor => like.graph.constant(0, [], like.dtype);

/** Maximum and Minimum: all of `dy` goes to the chosen side, to `a` where both are equal. */
function choice(otherChosen: 'Less' | 'Greater'): GradientRule {
  const isOther = (a: Tensor, b: Tensor): Tensor => output(otherChosen, [a, b]);
  return broadcastGradient(
    (dy, a, b) => output('SelectV2', [isOther(a, b), zero(dy), dy]),
    (dy, a, b) => output('SelectV2', [isOther(a, b), dy, zero(dy)]),
  );
}

type Name =
  | 'AddV2'
  | 'Sub'
  | 'Mul'
  | 'RealDiv'
  | 'Maximum'
  | 'Minimum'
  | 'Equal'
  | 'Less'
  | 'Greater'
  | 'SelectV2'
  | 'MatMul';

export const arithmeticOps: OpFamily<Name> = {
  AddV2: binary(
    broadcastGradient(
      (dy) => dy,
      (dy) => dy,
    ),
  ),
  Sub: binary(broadcastGradient((dy) => dy, negate)),
  Mul: binary(
    broadcastGradient(
      (dy, _a, b) => multiply(dy, b),
      (dy, a) => multiply(dy, a),
    ),
  ),
  RealDiv: binary(
    broadcastGradient(
      (dy, _a, b) => divide(dy, b),
      (dy, _a, b, y) => negate(multiply(dy, divide(y, b))),
    ),
  ),
  Maximum: binary(choice('Less')),
  Minimum: binary(choice('Greater')),
  Equal: {
    ...comparison,
    attributes: { ...comparison.attributes, incompatible_shape_error: fixed('bool', true) },
  },
  Less: comparison,
  Greater: comparison,
  /** `condition ? a : b` element by element, all three broadcast. */
  SelectV2: {
    attributes: { T: typeOf(1) },
    outputs: (call) => [{ shape: broadcastShape(call), dtype: input(call, 1).dtype }],
    gradient: ({ operation, dy }) => {
      const [condition, a, b] = [input(operation, 0), input(operation, 1), input(operation, 2)];
      return [
        undefined,
        () => sumToShape(output('SelectV2', [condition, dy, zero(dy)]), a.shape),
        () => sumToShape(output('SelectV2', [condition, zero(dy), dy]), b.shape),
      ];
    },
  },
  /** `a [m, k] . b [k, n]`, either one transposed first. */
  MatMul: {
    attributes: { T: typeOf(0), transpose_a: given('bool', false), transpose_b: given('bool', false) },
    outputs: (call) => {
      const sides = (index: number, transposed: boolean): readonly number[] => {
        const { shape } = input(call, index);
        requireShape(shape.length === 2, call, 'both inputs must be matrices');
        return transposed ? shape.toReversed() : shape;
      };
      const [rows = 0, inner] = sides(0, call.attributes['transpose_a'] === true);
      const [sameInner, columns = 0] = sides(1, call.attributes['transpose_b'] === true);
      requireShape(inner === sameInner, call, 'the inner sides differ');
      return [{ shape: [rows, columns], dtype: input(call, 0).dtype }];
    },
    gradient: ({ operation, dy }) => {
      const [a, b] = [input(operation, 0), input(operation, 1)];
      const ta = operation.attributes['transpose_a'] === true;
      const tb = operation.attributes['transpose_b'] === true;
      const product = (left: Tensor, right: Tensor, transpose_a: boolean, transpose_b: boolean): Tensor =>
        output('MatMul', [left, right], { transpose_a, transpose_b });
      return [
        () => (ta ? product(b, dy, tb, true) : product(dy, b, false, !tb)),
        () => (tb ? product(dy, a, true, ta) : product(a, dy, !ta, false)),
      ];
    },
  },
};

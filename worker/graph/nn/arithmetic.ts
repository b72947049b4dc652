import type { Tensor } from '../tensor.ts';
import { output } from './output.ts';

/** A tensor, or a number that is combined with one. */
export type Operand = Tensor | number;

function operand(value: Operand, like: Tensor): Tensor {
  return typeof value === 'number' ? like.graph.constant(value, [], like.dtype) : value;
}

export function add(a: Tensor, b: Operand): Tensor {
  return output('AddV2', [a, operand(b, a)]);
}

export function subtract(a: Tensor, b: Operand): Tensor {
  return output('Sub', [a, operand(b, a)]);
}

export function multiply(a: Tensor, b: Operand): Tensor {
  return output('Mul', [a, operand(b, a)]);
}

export function divide(a: Tensor, b: Operand): Tensor {
  return output('RealDiv', [a, operand(b, a)]);
}

export function maximum(a: Tensor, b: Operand): Tensor {
  return output('Maximum', [a, operand(b, a)]);
}

export function minimum(a: Tensor, b: Operand): Tensor {
  return output('Minimum', [a, operand(b, a)]);
}

export function equal(a: Tensor, b: Operand): Tensor {
  return output('Equal', [a, operand(b, a)]);
}

export function less(a: Tensor, b: Operand): Tensor {
  return output('Less', [a, operand(b, a)]);
}

export function greater(a: Tensor, b: Operand): Tensor {
  return output('Greater', [a, operand(b, a)]);
}

/** `a` where the condition holds, `b` elsewhere. */
export function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return output('SelectV2', [condition, a, b]);
}

export function negate(x: Tensor): Tensor {
  return output('Neg', [x]);
}

export function exp(x: Tensor): Tensor {
  return output('Exp', [x]);
}

export function log(x: Tensor): Tensor {
  return output('Log', [x]);
}

export function square(x: Tensor): Tensor {
  return output('Square', [x]);
}

export function sqrt(x: Tensor): Tensor {
  return output('Sqrt', [x]);
}

export function rsqrt(x: Tensor): Tensor {
  return output('Rsqrt', [x]);
}

export function abs(x: Tensor): Tensor {
  return output('Abs', [x]);
}

export function isFinite(x: Tensor): Tensor {
  return output('IsFinite', [x]);
}

export function identity(x: Tensor): Tensor {
  return output('Identity', [x]);
}

/** `x`, taken as a constant by `gradients`. */
export function stopGradient(x: Tensor): Tensor {
  return output('StopGradient', [x]);
}

/** `a [m, k] . b [k, n]`, either one transposed first. */
export function matMul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false } = {}): Tensor {
  return output('MatMul', [a, b], { transpose_a: transposeA, transpose_b: transposeB });
}

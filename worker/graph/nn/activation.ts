import type { Tensor } from '../tensor.ts';
import { output } from './output.ts';
import { multiply } from './arithmetic.ts';

export function relu(x: Tensor): Tensor {
  return output('Relu', [x]);
}

/** min(max(x, 0), 6) */
export function relu6(x: Tensor): Tensor {
  return output('Relu6', [x]);
}

/** `x` where positive, `alpha x` elsewhere. */
export function leakyRelu(x: Tensor, alpha = 0.2): Tensor {
  return output('LeakyRelu', [x], { alpha });
}

export function elu(x: Tensor): Tensor {
  return output('Elu', [x]);
}

export function selu(x: Tensor): Tensor {
  return output('Selu', [x]);
}

export function sigmoid(x: Tensor): Tensor {
  return output('Sigmoid', [x]);
}

export function tanh(x: Tensor): Tensor {
  return output('Tanh', [x]);
}

export function softplus(x: Tensor): Tensor {
  return output('Softplus', [x]);
}

/** x sigmoid(x), also called SiLU (arXiv 1710.05941). */
export function swish(x: Tensor): Tensor {
  return multiply(x, sigmoid(x));
}

/** Over the last axis. */
export function softmax(x: Tensor): Tensor {
  return output('Softmax', [x]);
}

/** Over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return output('LogSoftmax', [x]);
}

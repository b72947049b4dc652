import { output } from '../nn/output.ts';
import type { AttributeRule, OpDefinition, OpFamily } from '../op-definition.ts';
import { firstDerivativesOnly, given, input, likeFirstInput, noGradient, typeOf } from '../op-definition.ts';
import type { Attributes, Tensor } from '../tensor.ts';

type Slope = (dy: Tensor, x: Tensor, y: Tensor, attributes: Attributes) => Tensor;

/** `y = f(x)` element by element. */
function unary(slope: Slope, attributes: Readonly<Record<string, AttributeRule>> = {}): OpDefinition {
  return {
    attributes: { T: typeOf(0), ...attributes },
    outputs: likeFirstInput,
    gradient: ({ operation, dy }) => [
      () => slope(dy, input(operation, 0), input({ inputs: operation.outputs }, 0), operation.attributes),
    ],
  };
}

/** A gradient op of TensorFlow's own: it takes `dy` and what the forward op saw or gave. */
function gradientOp(attributes: Readonly<Record<string, AttributeRule>> = {}): OpDefinition {
  return {
    attributes: { T: typeOf(0), ...attributes },
    outputs: likeFirstInput,
    gradient: firstDerivativesOnly,
  };
}

const multiply = (a: Tensor, b: Tensor): Tensor => output('Mul', [a, b]);
const scalar = (like: Tensor, value: number): Tensor => like.graph.constant(value, [], like.dtype);

type Name =
  | 'Relu'
  | 'Relu6'
  | 'LeakyRelu'
  | 'Elu'
  | 'Selu'
  | 'Sigmoid'
  | 'Tanh'
  | 'Softplus'
  | 'Neg'
  | 'Exp'
  | 'Log'
  | 'Square'
  | 'Sqrt'
  | 'Rsqrt'
  | 'Abs'
  | 'Identity'
  | 'StopGradient'
  | 'Sign'
  | 'IsFinite'
  | 'ReluGrad'
  | 'Relu6Grad'
  | 'LeakyReluGrad'
  | 'EluGrad'
  | 'SeluGrad'
  | 'SigmoidGrad'
  | 'TanhGrad'
  | 'SoftplusGrad'
  | 'SqrtGrad'
  | 'RsqrtGrad';

export const elementwiseOps: OpFamily<Name> = {
  Relu: unary((dy, _x, y) => output('ReluGrad', [dy, y])),
  Relu6: unary((dy, _x, y) => output('Relu6Grad', [dy, y])),
  LeakyRelu: unary((dy, x, _y, { alpha }) => output('LeakyReluGrad', [dy, x], { alpha: alpha ?? 0 }), {
    alpha: given('float', 0.2),
  }),
  Elu: unary((dy, _x, y) => output('EluGrad', [dy, y])),
  Selu: unary((dy, _x, y) => output('SeluGrad', [dy, y])),
  Sigmoid: unary((dy, _x, y) => output('SigmoidGrad', [y, dy])),
  Tanh: unary((dy, _x, y) => output('TanhGrad', [y, dy])),
  Softplus: unary((dy, x) => output('SoftplusGrad', [dy, x])),
  Neg: unary((dy) => output('Neg', [dy])),
  Exp: unary((dy, _x, y) => multiply(dy, y)),
  Log: unary((dy, x) => output('RealDiv', [dy, x])),
  Square: unary((dy, x) => multiply(dy, multiply(x, scalar(x, 2)))),
  Sqrt: unary((dy, _x, y) => output('SqrtGrad', [y, dy])),
  Rsqrt: unary((dy, _x, y) => output('RsqrtGrad', [y, dy])),
  Abs: unary((dy, x) => multiply(dy, output('Sign', [x]))),
  Identity: unary((dy) => dy),
  StopGradient: { ...unary((dy) => dy), gradient: () => [] },
  Sign: { ...unary((dy) => dy), gradient: noGradient('a sign has no slope') },
  IsFinite: {
    attributes: { T: typeOf(0) },
    outputs: (call) => [{ shape: input(call, 0).shape, dtype: 'bool' }],
    gradient: noGradient('a test has no slope'),
  },
  ReluGrad: gradientOp(),
  Relu6Grad: gradientOp(),
  LeakyReluGrad: gradientOp({ alpha: given('float') }),
  EluGrad: gradientOp(),
  SeluGrad: gradientOp(),
  SigmoidGrad: gradientOp(),
  TanhGrad: gradientOp(),
  SoftplusGrad: gradientOp(),
  SqrtGrad: gradientOp(),
  RsqrtGrad: gradientOp(),
};

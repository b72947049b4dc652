import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Backward, Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { firstDerivativesOnly, fixed, input, numbersAttribute, requireShape } from '../op-definition.ts';
import type { OpName } from './index.ts';
import type { Attributes, Tensor, TensorType } from '../tensor.ts';
import { constantShape } from './constant-input.ts';
import { convolutionAttributes, imageShape, windowedSides, windowFacets } from './window.ts';

const standardAttributes = { ...convolutionAttributes, use_cudnn_on_gpu: fixed('bool', true) };

/** The gradient ops of a convolution: with respect to its input (sizes, filter, dy) and filter (input, sizes, dy). */
function backpropagation(attributes: OpDefinition['attributes']): {
  input: OpDefinition;
  filter: OpDefinition;
} {
  const T = { kind: 'type', typeOfInput: 2 } as const;
  const shared = { attributes: { ...attributes, T }, gradient: firstDerivativesOnly };
  return {
    input: { ...shared, outputs: (call) => [{ shape: constantShape(call, 0), dtype: input(call, 2).dtype }] },
    filter: {
      ...shared,
      outputs: (call) => [{ shape: constantShape(call, 1), dtype: input(call, 2).dtype }],
    },
  };
}

/** Both gradients of a convolution, by the ops `${op}BackpropInput` and `${op}BackpropFilter`. */
function convolutionGradient(inputOp: OpName, filterOp: OpName, taken: readonly string[]) {
  return ({ operation, dy }: Backward): readonly (() => Tensor)[] => {
    const [x, filter] = [input(operation, 0), input(operation, 1)];
    const attributes: Attributes = Object.fromEntries(
      taken.map((name) => [name, operation.attributes[name] ?? []]),
    );
    const sizes = (tensor: Tensor): Tensor => integers(tensor.graph, tensor.shape);
    return [
      () => output(inputOp, [sizes(x), filter, dy], attributes),
      () => output(filterOp, [x, sizes(filter), dy], attributes),
    ];
  };
}

function convolutionOutput(call: Call, depthwise: boolean): readonly TensorType[] {
  const [batch, height, width, channels] = imageShape(call, 0);
  const [kernelHeight, kernelWidth, taken, made] = imageShape(call, 1);
  requireShape(
    taken === channels,
    call,
    `the filter is for ${taken} input channels, the input has ${channels}`,
  );
  const sides = windowedSides(call, [height, width], [kernelHeight, kernelWidth]);
  const shape = [batch, ...sides, depthwise ? channels * made : made];
  return [{ shape, dtype: input(call, 0).dtype }];
}

const facets = (call: Call) => windowFacets(call, input(call, 1).shape.slice(0, 2));
const attributeNames = ['strides', 'padding', 'dilations', 'explicit_paddings'];
const standard = backpropagation(standardAttributes);
const depthwise = backpropagation(convolutionAttributes);

type Name =
  | 'Conv2D'
  | 'Conv2DBackpropInput'
  | 'Conv2DBackpropFilter'
  | 'DepthwiseConv2dNative'
  | 'DepthwiseConv2dNativeBackpropInput'
  | 'DepthwiseConv2dNativeBackpropFilter';

export const convolutionOps: OpFamily<Name> = {
  /**
   * `x [batch, height, width, in]`, filter `[height, width, in, out]`. Under oneDNN on AVX2 the filter's gradient is
   * wrong where one pixel is read at unequal strides, so that is not checked: `conv2d` composes it.
   */
  Conv2D: {
    attributes: standardAttributes,
    outputs: (call) => convolutionOutput(call, false),
    gradient: convolutionGradient('Conv2DBackpropInput', 'Conv2DBackpropFilter', attributeNames),
    facets: (call) => {
      const { kernel = [], stride = [], ...others } = facets(call);
      const [down, right] = numbersAttribute(call, 'strides').slice(1, 3);
      const unequalPointwise = down !== right && kernel.every((side) => side === 1);
      return {
        ...others,
        kernel,
        stride: unequalPointwise ? stride.map((each) => `${String(each)} of 1x1`) : stride,
      };
    },
    checked: {
      kernel: [1, 2, 3, 4, 5, 7],
      stride: ['1x1', '2x2', '3x3', '4x4', '1x2', '2x1'],
      dilation: [1],
      padding: ['SAME', 'VALID', 'EXPLICIT'],
    },
  },
  Conv2DBackpropInput: standard.input,
  Conv2DBackpropFilter: standard.filter,
  /**
   * `x [batch, height, width, in]`, filter `[height, width, in, multiplier]`. TensorFlow's gradients ignore
   * `dilations` without an error, so dilation 1 is all that is checked: `depthwiseConv2d` composes the rest.
   */
  DepthwiseConv2dNative: {
    attributes: convolutionAttributes,
    outputs: (call) => convolutionOutput(call, true),
    gradient: convolutionGradient(
      'DepthwiseConv2dNativeBackpropInput',
      'DepthwiseConv2dNativeBackpropFilter',
      attributeNames,
    ),
    facets: (call) => ({ ...facets(call), multiplier: input(call, 1).shape.slice(3) }),
    checked: {
      kernel: [1, 2, 3, 5, 7],
      stride: ['1x1', '2x2', '3x3'],
      dilation: [1],
      padding: ['SAME', 'VALID', 'EXPLICIT'],
      multiplier: [1, 2, 3],
    },
  },
  DepthwiseConv2dNativeBackpropInput: depthwise.input,
  DepthwiseConv2dNativeBackpropFilter: depthwise.filter,
};

import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Attributes, Operation } from '../tensor.ts';
import type { Call, OpFamily, CheckedValues } from '../op-definition.ts';
import {
  firstDerivativesOnly,
  given,
  input,
  likeFirstInput,
  numbersAttribute,
  typeOf,
} from '../op-definition.ts';
import type { TensorType } from '../tensor.ts';
import { constantShape } from './constant-input.ts';
import { imageShape, windowAttributes, windowedSides, windowFacets } from './window.ts';

const attributes = { ...windowAttributes, ksize: given('ints') };

const checked: CheckedValues = {
  kernel: [1, 2, 3, 4, 5, 7, 8],
  stride: ['1x1', '2x2', '3x3', '7x7', '8x8', '1x2', '2x1'],
  dilation: [1],
  padding: ['SAME', 'VALID'],
};

function pooled(call: Call): readonly TensorType[] {
  const [batch, height, width, channels] = imageShape(call, 0);
  const [, kernelHeight = 1, kernelWidth = 1] = numbersAttribute(call, 'ksize');
  const sides = windowedSides(call, [height, width], [kernelHeight, kernelWidth]);
  return [{ shape: [batch, ...sides, channels], dtype: input(call, 0).dtype }];
}

const facets = (call: Call): CheckedValues => windowFacets(call, numbersAttribute(call, 'ksize').slice(1, 3));

function windowOf({ attributes: { ksize, strides, padding } }: Operation): Attributes {
  return { ksize: ksize ?? [], strides: strides ?? [], padding: padding ?? '' };
}

type Name = 'MaxPool' | 'AvgPool' | 'MaxPoolGrad' | 'AvgPoolGrad';

export const poolingOps: OpFamily<Name> = {
  MaxPool: {
    attributes,
    outputs: pooled,
    gradient: ({ operation, dy }) => {
      const [x, y] = [input(operation, 0), input({ inputs: operation.outputs }, 0)];
      return [() => output('MaxPoolGrad', [x, y, dy], windowOf(operation))];
    },
    facets,
    checked,
  },
  /** The mean over the part of each window that lies inside the image. */
  AvgPool: {
    attributes,
    outputs: pooled,
    gradient: ({ operation, dy }) => {
      const sizes = integers(dy.graph, input(operation, 0).shape);
      return [() => output('AvgPoolGrad', [sizes, dy], windowOf(operation))];
    },
    facets,
    checked,
  },
  MaxPoolGrad: {
    attributes,
    outputs: likeFirstInput,
    gradient: firstDerivativesOnly,
  },
  AvgPoolGrad: {
    attributes: { ...attributes, T: typeOf(1) },
    outputs: (call) => [{ shape: constantShape(call, 0), dtype: input(call, 1).dtype }],
    gradient: firstDerivativesOnly,
  },
};

import { describe, expect, test } from 'vitest';
import { combinations } from './checked-attributes.ts';
import type { Graph } from './graph.ts';
import * as nn from './nn.ts';
import { output } from './nn/output.ts';
import type { OpDefinition } from './op-definition.ts';
import type { OpName } from './ops/index.ts';
import { operations } from './ops/index.ts';
import type { Shape, Tensor } from './tensor.ts';
import { elementCount } from './tensor.ts';
import type { GradientCase } from './testing/check-gradient.ts';
import { gradientError } from './testing/check-gradient.ts';

const image: Shape = [2, 9, 8, 2];
const explicitPadding = [1, 2, 0, 3] as const;

/** Operations whose attributes are a finite set: what to build for one combination of checked values. */
const windows: Partial<Record<OpName, (values: Window) => GradientCase>> = {
  Conv2D: ({ kernel, strides, padding }) => ({
    inputs: [image, [...kernel, 2, 3]],
    build: ([x, filter]) => nn.conv2d(x!, filter!, { strides, padding }),
  }),
  DepthwiseConv2dNative: ({ kernel, strides, padding, multiplier }) => ({
    inputs: [image, [...kernel, 2, multiplier]],
    build: ([x, filter]) => nn.depthwiseConv2d(x!, filter!, { strides, padding }),
  }),
  MaxPool: ({ kernel, strides, padding }) => ({
    inputs: [image],
    build: ([x]) => nn.maxPool(x!, { size: kernel, strides, padding: poolPadding(padding) }),
  }),
  AvgPool: ({ kernel, strides, padding }) => ({
    inputs: [image],
    build: ([x]) => nn.averagePool(x!, { size: kernel, strides, padding: poolPadding(padding) }),
  }),
};

interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'SAME' | 'VALID' | typeof explicitPadding;
  readonly multiplier: number;
}

function poolPadding(padding: Window['padding']): 'SAME' | 'VALID' {
  return padding === 'SAME' ? 'SAME' : 'VALID';
}

/** All windows that the op table calls checked. */
function checkedWindows(op: OpName): readonly Window[] {
  const { kernel = [], stride = [], padding = [], multiplier = [1] } = definitionOf(op).checked ?? {};
  return combinations({ height: kernel, width: kernel, stride, padding, multiplier }).map((values) => {
    const [down = 1, right = 1] = String(values['stride']).split('x').map(Number);
    const around = values['padding'] === 'SAME' ? 'SAME' : 'VALID';
    return {
      kernel: [Number(values['height']), Number(values['width'])],
      strides: [down, right],
      padding: values['padding'] === 'EXPLICIT' ? explicitPadding : around,
      multiplier: Number(values['multiplier']),
    };
  });
}

function definitionOf(op: OpName): OpDefinition {
  return operations[op];
}

const unary = (build: (x: Tensor) => Tensor, values: GradientCase['values'] = 'smooth'): GradientCase[] =>
  [
    [2, 3],
    [2, 3, 3, 2],
  ].map((shape) => ({ inputs: [shape], build: ([x]) => build(x!), values }));

const broadcasts: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3, 4], []],
  [[], [2, 3]],
  [[2, 3, 4], [4]],
  [[4], [2, 3, 4]],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [
    [2, 3, 1, 4],
    [3, 5, 4],
  ],
  [
    [1, 1],
    [1, 3],
  ],
];

const binary = (
  build: (a: Tensor, b: Tensor) => Tensor,
  values: GradientCase['values'] = 'smooth',
): GradientCase[] => broadcasts.map((inputs) => ({ inputs, build: ([a, b]) => build(a!, b!), values }));

const reductions = (build: (x: Tensor, options: nn.ReductionOptions) => Tensor): GradientCase[] =>
  [[], [0], [1, 2], [-1], [0, 1, 2, 3]].flatMap((axes) =>
    [false, true].map((keepDimensions) => ({
      inputs: [[2, 3, 5, 2]],
      build: ([x]) => build(x!, { axes, keepDimensions }),
    })),
  );

const batchNorm = (training: boolean): GradientCase => ({
  inputs: [[3, 5, 3, 2], [2], [2]],
  values: 'positive',
  build: ([x, scale, offset]) => {
    const { graph } = x!;
    const inputs = [x!, scale!, offset!, graph.constant([0.4, -0.3]), graph.constant([1.5, 0.7])] as const;
    return output('FusedBatchNormV3', inputs, { epsilon: 1e-3, is_training: training });
  },
});

const condition = (graph: Graph): Tensor => graph.constant([1, 0, 1], [3], 'bool');
const resizes = (
  build: (x: Tensor, size: readonly [number, number], options: nn.ResizeOptions) => Tensor,
): GradientCase[] =>
  [
    [8, 10],
    [3, 2],
    [4, 5],
    [7, 7],
  ].flatMap(([height = 1, width = 1]) =>
    [{}, { alignCorners: true }, { halfPixelCenters: true }].map((options) => ({
      inputs: [[2, 4, 5, 3]],
      build: ([x]) => build(x!, [height, width], options),
    })),
  );

/** Everything else that can be differentiated. */
const cases: Partial<Record<OpName, readonly GradientCase[]>> = {
  Relu: unary(nn.relu, 'linear'),
  Relu6: unary((x) => nn.relu6(nn.multiply(x, 4)), 'linear'),
  LeakyRelu: [...unary((x) => nn.leakyRelu(x), 'linear'), ...unary((x) => nn.leakyRelu(x, 0.01), 'linear')],
  Elu: unary(nn.elu),
  Selu: unary(nn.selu),
  Sigmoid: unary(nn.sigmoid),
  Tanh: unary(nn.tanh),
  Softplus: unary(nn.softplus),
  Softmax: unary(nn.softmax),
  LogSoftmax: unary(nn.logSoftmax),
  Neg: unary(nn.negate),
  Exp: unary(nn.exp),
  Log: unary(nn.log, 'positive'),
  Square: unary(nn.square),
  Sqrt: unary(nn.sqrt, 'positive'),
  Rsqrt: unary(nn.rsqrt, 'positive'),
  Abs: unary(nn.abs, 'linear'),
  Identity: unary(nn.identity, 'linear'),
  L2Loss: unary(nn.l2Loss),
  AddV2: binary(nn.add),
  Sub: binary(nn.subtract),
  Mul: binary(nn.multiply),
  RealDiv: binary(nn.divide, 'positive'),
  Maximum: binary(nn.maximum, 'linear'),
  Minimum: binary(nn.minimum, 'linear'),
  SelectV2: [
    [
      [2, 3],
      [2, 3],
    ],
    [[3], [2, 3]],
    [[2, 3], []],
  ].map((inputs) => ({
    inputs,
    build: ([a, b]) => nn.select(condition(a!.graph), a!, b!),
  })),
  MatMul: [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      inputs: [transposeA ? [4, 3] : [3, 4], transposeB ? [5, 4] : [4, 5]],
      build: ([a, b]) => nn.matMul(a!, b!, { transposeA, transposeB }),
    })),
  ),
  BiasAdd: [
    [2, 3],
    [2, 4, 3, 3],
  ].map((shape) => ({ inputs: [shape, [3]], build: ([x, b]) => nn.biasAdd(x!, b!) })),
  FusedBatchNormV3: [batchNorm(true), batchNorm(false)],
  Sum: reductions(nn.sum),
  Mean: reductions(nn.mean),
  Max: reductions(nn.max),
  Reshape: [{ inputs: [[2, 6]], build: ([x]) => nn.reshape(x!, [3, 2, 2]) }],
  Transpose: [
    [1, 0, 2],
    [2, 0, 1],
    [1, 2, 0],
  ].map((permutation) => ({
    inputs: [[2, 3, 4]],
    build: ([x]) => nn.transpose(x!, permutation),
  })),
  ConcatV2: [-1, 0, 1].map((axis) => ({
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    build: ([a, b, c]) => nn.concat([a!, b!, c!], axis),
  })),
  Pad: [
    {
      inputs: [[2, 3]],
      build: ([x]) =>
        nn.pad(x!, [
          [1, 2],
          [0, 3],
        ]),
    },
  ],
  PadV2: [
    {
      inputs: [[2, 3]],
      build: ([x]) =>
        nn.pad(
          x!,
          [
            [1, 2],
            [0, 3],
          ],
          -7,
        ),
    },
  ],
  Slice: [{ inputs: [[4, 5]], build: ([x]) => nn.slice(x!, [1, 2], [2, 3]) }],
  SpaceToBatchND: [{ inputs: [[2, 5, 6, 3]], build: ([x]) => nn.spaceToBatch(x!, [3, 2], [1, 0, 1, 1]) }],
  BatchToSpaceND: [{ inputs: [[12, 2, 4, 3]], build: ([x]) => nn.batchToSpace(x!, [3, 2], [1, 0, 1, 1]) }],
  DepthToSpace: [2, 3].map((size) => ({
    inputs: [[2, 3, 2, 36]],
    build: ([x]) => nn.depthToSpace(x!, size),
  })),
  SpaceToDepth: [{ inputs: [[2, 4, 6, 3]], build: ([x]) => output('SpaceToDepth', [x!], { block_size: 2 }) }],
  BroadcastTo: [
    [
      [1, 3],
      [4, 3],
    ],
    [[3], [2, 4, 3]],
    [[], [2, 3]],
  ].map(([from = [], to = []]) => ({
    inputs: [from],
    build: ([x]) => nn.broadcastTo(x!, to),
  })),
  Cast: [
    {
      inputs: [[2, 3]],
      build: ([x]) => nn.cast(nn.cast(nn.multiply(x!, 16), 'bfloat16'), 'float32'),
      tolerance: 2 ** -8,
    },
  ],
  Fill: [{ inputs: [[]], build: ([x]) => nn.fill(x!.graph, [2, 3], x!) }],
  ResizeNearestNeighbor: resizes(nn.resizeNearest),
  ResizeBilinear: resizes(nn.resizeBilinear),
  SparseSoftmaxCrossEntropyWithLogits: unary((x) =>
    nn.sparseSoftmaxCrossEntropy(
      nn.reshape(x, [x.shape[0]!, elementCount(x.shape) / x.shape[0]!]),
      x.graph.constant([2, 0], [2], 'int32'),
    ),
  ),
  SoftmaxCrossEntropyWithLogits: [
    {
      inputs: [[2, 3]],
      values: 'smooth',
      build: ([x]) => nn.softmaxCrossEntropy(x!, x!.graph.constant([0.2, 0.5, 0.3, 1, 0, 0], [2, 3])),
    },
  ],
};

describe('a gradient equals the difference quotient', () => {
  for (const [op, build] of Object.entries(windows) as [OpName, (values: Window) => GradientCase][]) {
    test(`of ${op} with every checked combination of kernel, stride and padding`, () => {
      const wrong = checkedWindows(op).filter((window) => !(gradientError(build(window)) < 1));
      expect(wrong).toEqual([]);
    });
  }

  // oneDNN has kernels of their own for multiples of 8 and 16 channels.
  test.each([
    [8, 8],
    [16, 32],
    [24, 40],
  ])('of a convolution from %i to %i channels', (from, to) => {
    const windowsOf = [1, 3].flatMap((kernel) => [1, 2].map((strides) => ({ kernel, strides })));
    const errors = windowsOf.flatMap(({ kernel, strides }) => [
      gradientError({
        inputs: [
          [2, 9, 8, from],
          [kernel, kernel, from, to],
        ],
        build: ([x, filter]) => nn.conv2d(x!, filter!, { strides }),
      }),
      gradientError({
        inputs: [
          [2, 9, 8, from],
          [kernel, kernel, from, 1],
        ],
        build: ([x, filter]) => nn.depthwiseConv2d(x!, filter!, { strides }),
      }),
    ]);
    expect(errors.filter((error) => !(error < 1))).toEqual([]);
  });

  test.each(Object.entries(cases))('of %s', (_op, variants) => {
    expect(variants.map((variant) => gradientError(variant)).filter((error) => !(error < 1))).toEqual([]);
  });

  describe.each([
    ['depthwiseConv2d', nn.depthwiseConv2d],
    ['conv2d', nn.conv2d],
  ])('of %s with dilations, which is composed', (_name, convolution) => {
    const paddings = ['SAME', 'VALID', explicitPadding] as const;
    const dilations = [
      [2, 2],
      [1, 2],
      [3, 1],
    ] as const;
    const kernels = [2, 3, 5];

    test.each(paddings.flatMap((padding) => dilations.map((dilation) => ({ padding, dilation }))))(
      'padding $padding, dilations $dilation',
      ({ padding, dilation }) => {
        for (const kernel of kernels) {
          for (const outputs of [1, 2]) {
            const inputs = [
              [2, 13, 10, 2],
              [kernel, kernel, 2, outputs],
            ];
            const options = { padding, dilations: dilation };
            const error = gradientError({
              inputs,
              build: ([x, filter]) => convolution(x!, filter!, options),
            });
            expect(error, `kernel ${kernel}, ${outputs} outputs`).toBeLessThan(1);
          }
        }
      },
    );
  });

  test('of a value that is used several times', () => {
    const build = ([x]: readonly Tensor[]): Tensor => nn.add(nn.multiply(x!, x!), nn.add(x!, nn.tanh(x!)));
    expect(gradientError({ inputs: [[2, 3]], build, values: 'smooth' })).toBeLessThan(1);
  });
});

test('every operation with a gradient rule has a gradient check', () => {
  const differentiable = Object.entries(operations).filter(
    ([, { gradient }]) => typeof gradient === 'function',
  );
  const checked = new Set([...Object.keys(windows), ...Object.keys(cases), 'StopGradient']);
  expect(differentiable.map(([op]) => op).filter((op) => !checked.has(op))).toEqual([]);
});

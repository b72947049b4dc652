import type { Tensor as TfjsTensor, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../common/random.ts';
import { loadTensorFlow } from '../tensorflow.ts';
import { gradients } from './gradients.ts';
import { Graph } from './graph.ts';
import * as nn from './nn.ts';
import { openSession } from './session.ts';
import type { Shape, Tensor, Values } from './tensor.ts';
import { elementCount } from './tensor.ts';
import { valuesOf } from './testing/values-of.ts';

const { tf } = loadTensorFlow();

interface Comparison {
  readonly shapes: readonly Shape[];
  readonly ours: (...inputs: Tensor[]) => Tensor;
  readonly theirs: (...inputs: TfjsTensor[]) => TfjsTensor;
  /** TensorFlow.js has no gradient for it. */
  readonly forwardOnly?: boolean;
}

const image: Shape = [2, 7, 6, 3];
const as4d = (x: TfjsTensor): Tensor4D => x.as4D(...(x.shape as [number, number, number, number]));

const comparisons: Record<string, Comparison> = {
  'conv2d, stride 2': {
    shapes: [image, [3, 3, 3, 4]],
    ours: (x, w) => nn.conv2d(x, w, { strides: 2 }),
    theirs: (x, w) => tf.conv2d(as4d(x), as4d(w), 2, 'same'),
  },
  'conv2d, VALID, rectangular': {
    shapes: [image, [1, 5, 3, 4]],
    ours: (x, w) => nn.conv2d(x, w, { padding: 'VALID' }),
    theirs: (x, w) => tf.conv2d(as4d(x), as4d(w), 1, 'valid'),
  },
  pointwiseConv2d: {
    shapes: [image, [1, 1, 3, 4]],
    ours: (x, w) => nn.pointwiseConv2d(x, w),
    theirs: (x, w) => tf.conv2d(as4d(x), as4d(w), 1, 'same'),
  },
  'conv2d, dilation 2': {
    shapes: [image, [3, 3, 3, 4]],
    ours: (x, w) => nn.conv2d(x, w, { dilations: 2 }),
    theirs: (x, w) => tf.conv2d(as4d(x), as4d(w), 1, 'same', 'NHWC', 2),
    forwardOnly: true,
  },
  'depthwiseConv2d, stride 2, multiplier 2': {
    shapes: [image, [3, 3, 3, 2]],
    ours: (x, w) => nn.depthwiseConv2d(x, w, { strides: 2 }),
    theirs: (x, w) => tf.depthwiseConv2d(as4d(x), as4d(w), 2, 'same'),
  },
  'depthwiseConv2d, dilation 2': {
    shapes: [image, [3, 3, 3, 2]],
    ours: (x, w) => nn.depthwiseConv2d(x, w, { dilations: 2 }),
    theirs: (x, w) => tf.depthwiseConv2d(as4d(x), as4d(w), 1, 'same', 'NHWC', 2),
    forwardOnly: true,
  },
  maxPool: {
    shapes: [image],
    ours: (x) => nn.maxPool(x, { size: 3, strides: 2, padding: 'SAME' }),
    theirs: (x) => tf.maxPool(as4d(x), 3, 2, 'same'),
  },
  averagePool: {
    shapes: [image],
    ours: (x) => nn.averagePool(x, { size: 2, padding: 'SAME' }),
    theirs: (x) => tf.avgPool(as4d(x), 2, 2, 'same'),
  },
  elu: { shapes: [[4, 5]], ours: nn.elu, theirs: (x) => tf.elu(x) },
  selu: { shapes: [[4, 5]], ours: nn.selu, theirs: (x) => tf.selu(x) },
  swish: { shapes: [[4, 5]], ours: nn.swish, theirs: (x) => tf.mul(x, tf.sigmoid(x)) },
  softplus: { shapes: [[4, 5]], ours: nn.softplus, theirs: (x) => tf.softplus(x) },
  leakyRelu: { shapes: [[4, 5]], ours: (x) => nn.leakyRelu(x, 0.3), theirs: (x) => tf.leakyRelu(x, 0.3) },
  softmax: { shapes: [[4, 5]], ours: nn.softmax, theirs: (x) => tf.softmax(x) },
  logSoftmax: { shapes: [[4, 5]], ours: nn.logSoftmax, theirs: (x) => tf.logSoftmax(x) },
  'broadcast division': {
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    ours: (a, b) => nn.divide(a, nn.add(nn.square(b), 1)),
    theirs: (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
  },
  'mean and maximum over axes': {
    shapes: [image],
    ours: (x) => nn.subtract(nn.mean(x, { axes: [1, 2] }), nn.max(x, { axes: [1, 2] })),
    theirs: (x) => tf.sub(tf.mean(x, [1, 2]), tf.max(x, [1, 2])),
  },
  matMul: {
    shapes: [
      [3, 4],
      [5, 4],
    ],
    ours: (a, b) => nn.matMul(a, b, { transposeB: true }),
    theirs: (a, b) => tf.matMul(a, b, false, true),
  },
  'concat, pad, slice, transpose': {
    shapes: [
      [2, 3],
      [2, 4],
    ],
    ours: (a, b) =>
      nn.transpose(
        nn.slice(
          nn.pad(nn.concat([a, b]), [
            [1, 0],
            [0, 2],
          ]),
          [0, 1],
          [3, 7],
        ),
        [1, 0],
      ),
    theirs: (a, b) =>
      tf.transpose(
        tf.slice(
          tf.pad(tf.concat([a, b], 1), [
            [1, 0],
            [0, 2],
          ]),
          [0, 1],
          [3, 7],
        ),
      ),
  },
  'resizeBilinear, half-pixel centres': {
    shapes: [image],
    ours: (x) => nn.resizeBilinear(x, [9, 11], { halfPixelCenters: true }),
    theirs: (x) => tf.image.resizeBilinear(as4d(x), [9, 11], false, true),
    forwardOnly: true,
  },
  'resizeNearest, aligned corners': {
    shapes: [image],
    ours: (x) => nn.resizeNearest(x, [4, 9], { alignCorners: true }),
    theirs: (x) => tf.image.resizeNearestNeighbor(as4d(x), [4, 9], true),
  },
  depthToSpace: {
    shapes: [[1, 2, 3, 8]],
    ours: (x) => nn.depthToSpace(x, 2),
    theirs: (x) => tf.depthToSpace(as4d(x), 2),
    forwardOnly: true,
  },
};

/** Ours: the output and, of its product with `weights`, the gradients. */
function ours(
  { shapes, ours: build, forwardOnly }: Comparison,
  inputs: readonly Float32Array[],
  weights: number[],
): Values[] {
  const graph = new Graph();
  const variables = shapes.map((shape, index) => graph.variable(`x${index}`, shape));
  const y = build(...variables.map((variable) => graph.read(variable)));
  const loss = nn.sum(nn.multiply(y, graph.constant(weights.slice(0, elementCount(y.shape)), y.shape)));
  const outputs = forwardOnly ? [y] : [y, ...gradients(loss, variables)];
  graph.endpoint('run', { fetch: Object.fromEntries(outputs.map((tensor, index) => [`${index}`, tensor])) });
  using session = openSession(graph, { device: 'CPU' });
  session.set(new Map(variables.map(({ name }, index) => [name, inputs[index]!])));
  return Object.values(session.run('run'));
}

function theirs(
  { shapes, theirs: build, forwardOnly }: Comparison,
  inputs: readonly Float32Array[],
  weights: number[],
): Values[] {
  return tf.tidy(() => {
    const tensors = shapes.map((shape, index) => tf.tensor(inputs[index]!, [...shape]));
    const y = build(...tensors);
    const dy = tf.tensor(weights.slice(0, y.size), y.shape);
    const outputs = forwardOnly ? [y] : [y, ...tf.grads(build)(tensors, dy)];
    return outputs.map((tensor) => tensor.dataSync<'float32'>());
  });
}

describe('equals TensorFlow.js, forward and backward', () => {
  test.each(Object.entries(comparisons))('%s', (name, comparison) => {
    const random = randomStream('comparison', name);
    const normal = (count: number): Float32Array =>
      Float32Array.from({ length: count }, () => random.normal());
    const inputs = comparison.shapes.map((shape) => normal(elementCount(shape)));
    const weights = [...normal(2000)];
    const expected = theirs(comparison, inputs, weights);
    ours(comparison, inputs, weights).forEach((values, index) => {
      expect(values.length).toBe(expected[index]?.length);
      values.forEach((value, element) => expect(value).toBeCloseTo(expected[index]![element]!, 4));
    });
  });
});

describe('batch normalization', () => {
  const build = (graph: Graph, training: boolean) =>
    nn.batchNorm(graph.constant([1, 3, 5, 7], [2, 1, 2, 1]), {
      scale: graph.constant([2]),
      offset: graph.constant([10]),
      mean: graph.variable('mean', [1]),
      variance: graph.variable('variance', [1]),
      epsilon: 0,
      training,
      momentum: 0.75,
    });
  const run = (training: boolean) => {
    const graph = new Graph();
    const { y, updates } = build(graph, training);
    graph.endpoint('run', { fetch: { y }, run: updates });
    using session = openSession(graph, { device: 'CPU' });
    session.set(
      new Map([
        ['mean', Float32Array.of(3)],
        ['variance', Float32Array.of(4)],
      ]),
    );
    const result = session.run('run');
    return { y: [...(result['y'] ?? [])], state: session.get(['mean', 'variance']) };
  };

  test('in training uses the statistics of the batch and moves the running ones', () => {
    const { y, state } = run(true);
    // The mean is 4, the variance 5 (20/3 unbiased).
    [1, 3, 5, 7].forEach((x, index) => expect(y[index]).toBeCloseTo(10 + (2 * (x - 4)) / Math.sqrt(5), 5));
    expect(state.get('mean')![0]).toBeCloseTo(0.75 * 3 + 0.25 * 4, 6);
    expect(state.get('variance')![0]).toBeCloseTo(0.75 * 4 + (0.25 * 20) / 3, 5);
  });

  test('at inference uses the running statistics and leaves them', () => {
    const { y, state } = run(false);
    expect(y).toEqual([8, 10, 12, 14]);
    expect([...state.values()]).toEqual([Float32Array.of(3), Float32Array.of(4)]);
  });
});

describe('bfloat16 convolutions', () => {
  test('stay within two percent of float32 and are not the same', () => {
    const random = randomStream('bfloat16');
    const graph = new Graph();
    const constant = (shape: Shape): Tensor =>
      graph.constant(
        Array.from({ length: elementCount(shape) }, () => random.normal()),
        shape,
      );
    const [x, filter, depthwise, pointwise] = [
      constant([4, 8, 8, 16]),
      constant([3, 3, 16, 8]),
      constant([3, 3, 16, 1]),
      constant([1, 1, 16, 8]),
    ];
    const pairs = [
      (precision: 'float32' | 'bfloat16') => nn.conv2d(x, filter, { precision }),
      (precision: 'float32' | 'bfloat16') => nn.depthwiseConv2d(x, depthwise, { precision }),
      (precision: 'float32' | 'bfloat16') => nn.pointwiseConv2d(x, pointwise, { precision }),
    ];
    for (const convolution of pairs) {
      const [exact, rounded] = [valuesOf(convolution('float32')), valuesOf(convolution('bfloat16'))];
      const length = (values: readonly number[]): number => Math.hypot(...values);
      const error = length(exact.map((value, index) => value - rounded[index]!)) / length(exact);
      expect(error).toBeLessThan(0.02);
      expect(error).toBeGreaterThan(1e-4);
    }
  });

  test('have gradients within two percent of float32', () => {
    const slopes = (precision: 'float32' | 'bfloat16'): Values => {
      const random = randomStream('bfloat16 gradient');
      const graph = new Graph();
      const filter = graph.variable('filter', [3, 3, 4, 4]);
      const x = graph.constant(
        Array.from({ length: 2 * 6 * 6 * 4 }, () => random.normal()),
        [2, 6, 6, 4],
      );
      const loss = nn.l2Loss(nn.conv2d(x, graph.read(filter), { precision }));
      const [gradient] = gradients(loss, [filter]);
      graph.endpoint('gradient', { fetch: { gradient: gradient! } });
      using session = openSession(graph, { device: 'CPU' });
      session.set(new Map([['filter', Float32Array.from({ length: 144 }, () => random.normal())]]));
      return session.run('gradient')['gradient']!;
    };
    const [exact, rounded] = [slopes('float32'), slopes('bfloat16')];
    expect(
      Math.hypot(...exact.map((value, index) => value - rounded[index]!)) / Math.hypot(...exact),
    ).toBeLessThan(0.02);
  });
});

test('a projective transform moves pixels as its matrix says', () => {
  const graph = new Graph();
  const x = graph.constant([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  // Output (x, y) shows input (x + 1, y): everything moves left.
  const left = nn.projectiveTransform(x, graph.constant([1, 0, 1, 0, 1, 0, 0, 0], [1, 8]), {
    interpolation: 'NEAREST',
  });
  expect(valuesOf(left)).toEqual([2, 3, 0, 5, 6, 0, 8, 9, 0]);
});

test('stateless random numbers depend on the seed alone', () => {
  const graph = new Graph();
  const draw = (...seed: number[]): number[] =>
    valuesOf(nn.statelessUniform([4], graph.constant(seed, [2], 'int32')));
  expect(draw(1, 2)).toEqual(draw(1, 2));
  expect(draw(1, 2)).not.toEqual(draw(1, 3));
  expect(draw(1, 2).every((value) => value >= 0 && value < 1)).toBe(true);
});

test('selection, comparison and one-hot', () => {
  const graph = new Graph();
  const [a, b] = [graph.constant([1, 5, 3]), graph.constant([2, 4, 3])];
  expect(valuesOf(nn.select(nn.less(a, b), a, b))).toEqual([1, 4, 3]);
  expect(valuesOf(nn.select(nn.greater(a, b), a, b))).toEqual([2, 5, 3]);
  expect(valuesOf(nn.equal(a, b))).toEqual([0, 0, 1]);
  expect(valuesOf(nn.oneHot(graph.constant([2, 0], [2], 'int32'), 3, { on: 0.5 }))).toEqual([
    0, 0, 0.5, 0.5, 0, 0,
  ]);
  expect(valuesOf(nn.isFinite(graph.constant([1, Number.NaN, Infinity])))).toEqual([1, 0, 0]);
  expect(valuesOf(nn.argMax(graph.constant([1, 9, 3, 7, 2, 5], [2, 3])))).toEqual([1, 0]);
});

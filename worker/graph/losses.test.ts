import { describe, expect, test } from 'vitest';
import { gradients } from './gradients.ts';
import { Graph } from './graph.ts';
import { crossEntropy, klDivergence, meanSquaredError, normalizedMeanSquaredError } from './losses.ts';
import type { Tensor } from './tensor.ts';
import { valuesOf } from './testing/values-of.ts';

const graph = (): Graph => new Graph();
const number = (tensor: Tensor): number | undefined => valuesOf(tensor)[0];

describe('mean squared error', () => {
  // Errors 1, 2, 0 and 4, 0, 3: squares sum to 30.
  const [prediction, target] = [
    [1, 2, 3, 4, 5, 6],
    [0, 4, 3, 0, 5, 3],
  ];
  const tensors = (g: Graph): [Tensor, Tensor] => [
    g.constant(prediction, [2, 3]),
    g.constant(target, [2, 3]),
  ];

  test('is the mean over all elements', () => {
    expect(number(meanSquaredError(...tensors(graph())))).toBeCloseTo(5, 6);
  });

  test('is the mean over the samples that a mask counts', () => {
    const g = graph();
    expect(number(meanSquaredError(...tensors(g), { mask: g.constant([0, 1]) }))).toBeCloseTo(25 / 3, 6);
    expect(number(meanSquaredError(...tensors(g), { mask: g.constant([1, 1]) }))).toBeCloseTo(5, 6);
  });

  test('is divided by the mean square of the target when normalised', () => {
    expect(number(normalizedMeanSquaredError(...tensors(graph()), 2))).toBeCloseTo(2.5, 6);
  });

  test('stays finite when the target is always zero', () => {
    const g = graph();
    const zero = g.constant(0, [2, 3]);
    expect(number(normalizedMeanSquaredError(zero, zero, 0))).toBe(0);
  });
});

describe('cross-entropy', () => {
  // Softmax of (ln 1, ln 2, ln 5) is 1/8, 2/8, 5/8.
  const logits = [0, Math.LN2, Math.log(5)];
  const labels = (g: Graph): Tensor => g.constant([2, 0], [2], 'int32');

  test('is the mean of -log p(label)', () => {
    const g = graph();
    const loss = crossEntropy(g.constant([...logits, ...logits], [2, 3]), labels(g));
    expect(number(loss)).toBeCloseTo((Math.log(8 / 5) + Math.log(8)) / 2, 6);
  });

  test('spreads a share of each label over all classes', () => {
    const g = graph();
    const loss = crossEntropy(g.constant([...logits, ...logits], [2, 3]), labels(g), {
      smoothing: 0.3,
      mask: g.constant([1, 0]),
    });
    // The label has 0.7 + 0.1, the other two 0.1 each.
    expect(number(loss)).toBeCloseTo(0.8 * Math.log(8 / 5) + 0.1 * Math.log(8) + 0.1 * Math.log(4), 6);
  });
});

describe('Kullback-Leibler divergence', () => {
  // At temperature 2 the teacher predicts 1/4, 3/4 and the student 1/2, 1/2.
  const teacher = [0, 2 * Math.log(3)];
  const student = [5, 5];
  const divergence = 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5);

  test('is scaled by the squared temperature', () => {
    const g = graph();
    const loss = klDivergence(g.constant(student, [1, 2]), g.constant(teacher, [1, 2]), 2);
    expect(number(loss)).toBeCloseTo(4 * divergence, 6);
  });

  test('counts only the samples of the mask', () => {
    const g = graph();
    const [s, t] = [g.constant([...student, 1, 9], [2, 2]), g.constant([...teacher, 7, 2], [2, 2])];
    expect(number(klDivergence(s, t, 2, { mask: g.constant([1, 0]) }))).toBeCloseTo(4 * divergence, 6);
  });

  test('takes the teacher as constant', () => {
    const g = graph();
    const logits = g.variable('logits', [1, 2]);
    const loss = klDivergence(g.constant(student, [1, 2]), g.read(logits), 2);
    expect(() => gradients(loss, [logits])).toThrow(expect.objectContaining({ code: 'graph/no-path' }));
  });
});

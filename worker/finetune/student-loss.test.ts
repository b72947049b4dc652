import { describe, expect, test } from 'vitest';
import { Graph } from '../graph/graph.ts';
import { valuesOf } from '../graph/testing/values-of.ts';
import { studentLoss, type StudentLossOptions } from './student-loss.ts';

const student = [
  [2, -1, 0.5],
  [0.3, 1.2, -2],
];
const teacher = [
  [-0.5, 3, 1],
  [1.5, -1, 0],
];
const labels = [1, 0];

function softmax(logits: readonly number[], temperature: number): number[] {
  const powers = logits.map((logit) => Math.exp(logit / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** KL(p || q), the mean over the batch. */
function divergence(p: readonly number[][], q: readonly number[][], temperature: number): number {
  return mean(
    p.map((logits, row) => {
      const under = softmax(q[row] ?? [], temperature);
      return softmax(logits, temperature).reduce(
        (sum, share, index) => sum + share * Math.log(share / (under[index] ?? 0)),
        0,
      );
    }),
  );
}

const crossEntropy = mean(student.map((logits, row) => -Math.log(softmax(logits, 1)[labels[row] ?? 0] ?? 0)));

function lossOf(
  options: StudentLossOptions,
  given: { output: readonly number[][]; target: readonly number[][]; labels: readonly number[] },
): number | undefined {
  const graph = new Graph();
  const shape = [given.output.length, given.output[0]?.length ?? 0];
  const loss = studentLoss(options, {
    output: graph.constant(given.output.flat(), shape),
    target: graph.constant(given.target.flat(), shape),
    labels: graph.constant([...given.labels], [given.labels.length], 'int32'),
  });
  return valuesOf(loss)[0];
}

describe("the fine-tuned student's loss", () => {
  const given = { output: student, target: teacher, labels };

  test('is compared with figures that a swap of teacher and student would change', () => {
    const [right, swapped] = [divergence(teacher, student, 2), divergence(student, teacher, 2)];
    expect(Math.abs(right - swapped)).toBeGreaterThan(0.05 * right);
  });

  test.each([
    [0, 2],
    [0.5, 2],
    [1, 2],
    [0.3, 1],
    [0.3, 4],
  ])(
    'weighs labels by %d and the softened teacher, temperature %d, by the rest',
    (labelWeight, temperature) => {
      const soft = temperature ** 2 * divergence(teacher, student, temperature);
      const expected = labelWeight * crossEntropy + (1 - labelWeight) * soft;
      expect(lossOf({ classifies: true, labelWeight, temperature }, given)).toBeCloseTo(expected, 5);
    },
  );

  test('does not look at the labels when they have no weight', () => {
    const options = { classifies: true, labelWeight: 0, temperature: 2 };
    expect(lossOf(options, { ...given, labels: [2, 2] })).toBe(lossOf(options, given));
  });

  test('is zero for the teacher itself without labels', () => {
    const options = { classifies: true, labelWeight: 0, temperature: 2 };
    expect(lossOf(options, { ...given, output: teacher })).toBeCloseTo(0, 6);
  });

  test("of a dense output is the mean squared error against the teacher's", () => {
    const dense = {
      output: [
        [1, 2],
        [3, 4],
      ],
      target: [
        [1, 4],
        [0, 4],
      ],
      labels,
    };
    // (0 + 4 + 9 + 0) / 4
    const options = { classifies: false, labelWeight: 0.5, temperature: 2 };
    expect(lossOf(options, dense)).toBeCloseTo(3.25, 5);
  });
});

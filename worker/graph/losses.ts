import type { Tensor } from './tensor.ts';
import { elementCount } from './tensor.ts';
import {
  divide,
  exp,
  l2Loss,
  logSoftmax,
  mean,
  multiply,
  oneHot,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
  square,
  stopGradient,
  subtract,
  sum,
} from './nn.ts';

export interface LossOptions {
  /** float32 `[batch]`: 1 for a sample that counts, 0 for one that only fills a batch. Default: all count. */
  readonly mask?: Tensor;
}

/** The mean of (prediction - target)^2 over all elements. */
export function meanSquaredError(prediction: Tensor, target: Tensor, { mask }: LossOptions = {}): Tensor {
  const difference = subtract(prediction, target);
  if (mask === undefined) return multiply(l2Loss(difference), 2 / elementCount(difference.shape));
  const axes = difference.shape.slice(1).map((_, axis) => axis + 1);
  return sampleMean(mean(square(difference), { axes }), mask);
}

/** The mean squared error in units of the target's mean square over the training data. */
export function normalizedMeanSquaredError(
  prediction: Tensor,
  target: Tensor,
  meanSquare: number,
  options: LossOptions = {},
): Tensor {
  return multiply(meanSquaredError(prediction, target, options), 1 / (meanSquare + 1e-12));
}

export interface CrossEntropyOptions extends LossOptions {
  /** The share of each label that is spread over all classes (arXiv 1512.00567). Default: 0. */
  readonly smoothing?: number;
}

/** The mean cross-entropy of `logits [batch, classes]` against int32 `labels [batch]`. */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { smoothing = 0, mask } = options;
  if (smoothing === 0) return sampleMean(sparseSoftmaxCrossEntropy(logits, labels), mask);
  const classes = logits.shape.at(-1) ?? 1;
  const off = smoothing / classes;
  return sampleMean(
    softmaxCrossEntropy(logits, oneHot(labels, classes, { on: 1 - smoothing + off, off })),
    mask,
  );
}

/**
 * The Kullback-Leibler divergence of the student's softened prediction from the teacher's (arXiv 1503.02531), times
 * the temperature squared, so that its gradients keep their size. Logits are `[batch, classes]`; the teacher's are
 * taken as constant.
 */
export function klDivergence(
  studentLogits: Tensor,
  teacherLogits: Tensor,
  temperature: number,
  { mask }: LossOptions = {},
): Tensor {
  const student = logSoftmax(multiply(studentLogits, 1 / temperature));
  const teacher = logSoftmax(multiply(stopGradient(teacherLogits), 1 / temperature));
  const divergence = sum(multiply(exp(teacher), subtract(teacher, student)), { axes: [1] });
  return multiply(sampleMean(divergence, mask), temperature ** 2);
}

/** The mean of `values [batch]` over the samples that count. */
function sampleMean(values: Tensor, mask: Tensor | undefined): Tensor {
  if (mask === undefined) return mean(values);
  return divide(sum(multiply(values, mask)), sum(mask));
}

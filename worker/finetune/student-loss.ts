import { crossEntropy, klDivergence, normalizedMeanSquaredError } from '../graph/losses.ts';
import { add, multiply } from '../graph/nn.ts';
import type { Tensor } from '../graph/tensor.ts';

export interface StudentLossOptions {
  readonly classifies: boolean;
  /** The share of the labels; the teacher's softened answers have the rest. */
  readonly labelWeight: number;
  readonly temperature: number;
}

/**
 * What fine-tuning lowers: cross-entropy against the labels and the divergence from the teacher's softened answers
 * (arXiv 1503.02531), weighed by the manifest. A dense output imitates the teacher's.
 */
export function studentLoss(
  options: StudentLossOptions,
  tensors: { readonly output: Tensor; readonly target: Tensor; readonly labels: Tensor },
): Tensor {
  const { labelWeight, temperature } = options;
  const { output, target, labels } = tensors;
  if (!options.classifies) return normalizedMeanSquaredError(output, target, 1);
  const soft = multiply(klDivergence(output, target, temperature), 1 - labelWeight);
  return labelWeight === 0 ? soft : add(multiply(crossEntropy(output, labels), labelWeight), soft);
}

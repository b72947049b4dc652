import type { Tensor } from '../tensor.ts';
import { output } from './output.ts';

/** Half the sum of squares. */
export function l2Loss(x: Tensor): Tensor {
  return output('L2Loss', [x]);
}

/** Losses `[batch]` of `logits [batch, classes]` against int32 `labels [batch]`. */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return output('SparseSoftmaxCrossEntropyWithLogits', [logits, labels]);
}

/** Losses `[batch]` of `logits [batch, classes]` against `probabilities [batch, classes]`. */
export function softmaxCrossEntropy(logits: Tensor, probabilities: Tensor): Tensor {
  return output('SoftmaxCrossEntropyWithLogits', [logits, probabilities]);
}

import { output } from '../nn/output.ts';
import type { Backward, Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { input, likeFirstInput, requireShape, typeOf, fixed } from '../op-definition.ts';
import type { Tensor } from '../tensor.ts';
import { reshapeTo } from './broadcast.ts';

const multiply = (a: Tensor, b: Tensor): Tensor => output('Mul', [a, b]);
const subtract = (a: Tensor, b: Tensor): Tensor => output('Sub', [a, b]);

function sumOfLastAxis(x: Tensor): Tensor {
  return output('Sum', [x, x.graph.constant([x.shape.length - 1], [1], 'int32')], { keep_dims: true });
}

function softmaxOp(gradient: (dy: Tensor, y: Tensor) => Tensor): OpDefinition {
  return {
    attributes: { T: typeOf(0) },
    outputs: likeFirstInput,
    gradient: ({ operation, dy }) => [() => gradient(dy, input({ inputs: operation.outputs }, 0))],
  };
}

/** Cross-entropy ops give the losses `[batch]` and, already computed, their slopes `[batch, classes]`. */
function lossAndSlopes(call: Call) {
  const { shape, dtype } = input(call, 0);
  requireShape(shape.length === 2, call, 'the logits must be [batch, classes]');
  return [
    { shape: shape.slice(0, 1), dtype },
    { shape, dtype },
  ];
}

function timesSlopes({ operation, dy }: Backward): readonly (() => Tensor)[] {
  const slopes = input({ inputs: operation.outputs }, 1);
  return [() => multiply(slopes, reshapeTo(dy, [...dy.shape, 1]))];
}

type Name =
  | 'Softmax'
  | 'LogSoftmax'
  | 'L2Loss'
  | 'SparseSoftmaxCrossEntropyWithLogits'
  | 'SoftmaxCrossEntropyWithLogits';

export const lossOps: OpFamily<Name> = {
  /** Over the last axis. */
  Softmax: softmaxOp((dy, y) => multiply(subtract(dy, sumOfLastAxis(multiply(dy, y))), y)),
  LogSoftmax: softmaxOp((dy, y) => subtract(dy, multiply(sumOfLastAxis(dy), output('Exp', [y])))),
  /** Half the sum of squares. */
  L2Loss: {
    attributes: { T: typeOf(0) },
    outputs: (call) => [{ shape: [], dtype: input(call, 0).dtype }],
    gradient: ({ operation, dy }) => [() => multiply(input(operation, 0), dy)],
  },
  /** Inputs: logits `[batch, classes]`, int32 labels `[batch]`. */
  SparseSoftmaxCrossEntropyWithLogits: {
    attributes: { T: typeOf(0), Tlabels: fixed('type', 'int32') },
    outputs: lossAndSlopes,
    gradient: timesSlopes,
  },
  /** Inputs: logits `[batch, classes]`, probabilities `[batch, classes]`, which are taken as given. */
  SoftmaxCrossEntropyWithLogits: {
    attributes: { T: typeOf(0) },
    outputs: lossAndSlopes,
    gradient: timesSlopes,
  },
};

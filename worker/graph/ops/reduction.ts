import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Backward, Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { fixed, given, input, noGradient, typeOf } from '../op-definition.ts';
import type { Shape, Tensor } from '../tensor.ts';
import { elementCount } from '../tensor.ts';
import { reshapeTo } from './broadcast.ts';
import { constantShape } from './constant-input.ts';

/** Inputs: x, axes (constant). */
function reduction(gradient: OpDefinition['gradient']): OpDefinition {
  return {
    attributes: { T: typeOf(0), Tidx: fixed('type', 'int32'), keep_dims: given('bool', false) },
    outputs: (call) => {
      const kept = keptShape(call);
      const axes = reducedAxes(call);
      const shape = call.attributes['keep_dims'] === true ? kept : kept.filter((_, axis) => !axes.has(axis));
      return [{ shape, dtype: input(call, 0).dtype }];
    },
    gradient,
  };
}

function reducedAxes(call: Call): ReadonlySet<number> {
  const rank = input(call, 0).shape.length;
  return new Set(constantShape(call, 1).map((axis) => (axis < 0 ? axis + rank : axis)));
}

/** The shape of x with a side of 1 where it was reduced. */
function keptShape(call: Call): Shape {
  const axes = reducedAxes(call);
  return input(call, 0).shape.map((side, axis) => (axes.has(axis) ? 1 : side));
}

/** A reduction's output or its gradient, repeated to the shape of its input. */
function spread(tensor: Tensor, operation: Backward['operation']): Tensor {
  const x = input(operation, 0);
  return output('BroadcastTo', [reshapeTo(tensor, keptShape(operation)), integers(x.graph, x.shape)]);
}

function maximumGradient({ operation, dy }: Backward): readonly (() => Tensor)[] {
  const x = input(operation, 0);
  const kept = (tensor: Tensor): Tensor => reshapeTo(tensor, keptShape(operation));
  const isMaximum = (): Tensor => {
    const y = input({ inputs: operation.outputs }, 0);
    return output('Cast', [output('Equal', [x, kept(y)])], { DstT: x.dtype });
  };
  return [
    () => {
      const chosen = isMaximum();
      const ties = output('Sum', [chosen, input(operation, 1)], { keep_dims: true });
      return output('Mul', [chosen, output('RealDiv', [kept(dy), ties])]);
    },
  ];
}

type Name = 'Sum' | 'Mean' | 'Max' | 'ArgMax';

export const reductionOps: OpFamily<Name> = {
  Sum: reduction(({ operation, dy }) => [() => spread(dy, operation)]),
  Mean: reduction(({ operation, dy }) => [
    () => {
      const share = elementCount(dy.shape) / elementCount(input(operation, 0).shape);
      return spread(output('Mul', [dy, dy.graph.constant(share, [], dy.dtype)]), operation);
    },
  ]),
  /** Equal maxima share the gradient. */
  Max: reduction(maximumGradient),
  /** Inputs: x, axis (constant scalar). */
  ArgMax: {
    attributes: { T: typeOf(0), Tidx: fixed('type', 'int32'), output_type: fixed('type', 'int32') },
    outputs: (call) => {
      const { shape } = input(call, 0);
      const [axis = 0] = constantShape(call, 1);
      return [{ shape: shape.toSpliced(axis < 0 ? axis + shape.length : axis, 1), dtype: 'int32' }];
    },
    gradient: noGradient('an index has no slope'),
  },
};

import { output } from '../nn/output.ts';
import type { OpFamily } from '../op-definition.ts';
import { fixed, given, input, noGradient, requireShape, typeOf } from '../op-definition.ts';
import { byteSizes, dtypeOf } from '../data-types.ts';
import { constantShape } from './constant-input.ts';

type Name = 'Cast' | 'Bitcast' | 'Fill' | 'OneHot';

export const conversionOps: OpFamily<Name> = {
  Cast: {
    attributes: { SrcT: typeOf(0), DstT: given('type'), Truncate: fixed('bool', false) },
    outputs: (call) => [{ shape: input(call, 0).shape, dtype: dtypeOf(call.attributes['DstT']) }],
    gradient: ({ operation, dy }) => [() => output('Cast', [dy], { DstT: input(operation, 0).dtype })],
  },
  /** The same bits as another type; a smaller type adds an axis, a larger one takes the last axis away. */
  Bitcast: {
    attributes: { T: typeOf(0), type: given('type') },
    outputs: (call) => {
      const { shape, dtype: from } = input(call, 0);
      const dtype = dtypeOf(call.attributes['type']);
      const ratio = byteSizes[from] / byteSizes[dtype];
      if (ratio >= 1) return [{ shape: ratio === 1 ? shape : [...shape, ratio], dtype }];
      requireShape(shape.at(-1) === 1 / ratio, call, `the last side must be ${1 / ratio} to become ${dtype}`);
      return [{ shape: shape.slice(0, -1), dtype }];
    },
    gradient: noGradient('bits have no slope'),
  },
  /** Inputs: shape, value (scalar). */
  Fill: {
    attributes: { T: typeOf(1), index_type: fixed('type', 'int32') },
    outputs: (call) => [{ shape: constantShape(call, 0), dtype: input(call, 1).dtype }],
    gradient: ({ dy }) => [
      undefined,
      () =>
        output('Sum', [
          dy,
          dy.graph.constant(
            dy.shape.map((_, axis) => axis),
            [dy.shape.length],
            'int32',
          ),
        ]),
    ],
  },
  /** Inputs: int32 indices, depth (constant scalar), value where on, value where off; the new axis is the last. */
  OneHot: {
    attributes: { T: typeOf(2), TI: typeOf(0), axis: fixed('int', -1) },
    outputs: (call) => [
      { shape: [...input(call, 0).shape, ...constantShape(call, 1)], dtype: input(call, 2).dtype },
    ],
    gradient: noGradient('an index has no slope'),
  },
};

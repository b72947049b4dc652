import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { fixed, given, input, noGradient, numberAttribute, requireShape, typeOf } from '../op-definition.ts';
import type { Shape, Tensor, TensorType } from '../tensor.ts';
import { elementCount } from '../tensor.ts';
import { reshapeTo, sumToShape } from './broadcast.ts';
import { constantShape } from './constant-input.ts';

const indexType = fixed('type', 'int32');

/** The first input's type in another shape. */
function reshaped(shape: (call: Call) => Shape): OpDefinition['outputs'] {
  return (call): readonly TensorType[] => [{ shape: shape(call), dtype: input(call, 0).dtype }];
}

/** Rows of `[before, after]`, one a dimension. */
function pairs(values: readonly number[]): readonly (readonly [number, number])[] {
  return Array.from(
    { length: values.length / 2 },
    (_, row) => [values[2 * row] ?? 0, values[2 * row + 1] ?? 0] as const,
  );
}

const padding: OpDefinition = {
  attributes: { T: typeOf(0), Tpaddings: indexType },
  outputs: reshaped((call) => {
    const around = pairs(constantShape(call, 1));
    return input(call, 0).shape.map(
      (side, axis) => side + (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0),
    );
  }),
  gradient: ({ operation, dy }) => {
    const { shape } = input(operation, 0);
    const begin = pairs(constantShape(operation, 1)).map(([before]) => before);
    return [() => output('Slice', [dy, integers(dy.graph, begin), integers(dy.graph, shape)])];
  },
};

/** SpaceToBatchND and its inverse: inputs are x, block shape, paddings or crops. */
function blocks(toBatch: boolean): OpDefinition {
  return {
    attributes: {
      T: typeOf(0),
      Tblock_shape: indexType,
      ...(toBatch ? { Tpaddings: indexType } : { Tcrops: indexType }),
    },
    outputs: reshaped((call) => {
      const [batch = 0, ...sides] = input(call, 0).shape;
      const block = constantShape(call, 1);
      const around = pairs(constantShape(call, 2));
      const moved = sides.map((side, axis) => {
        const factor = block[axis] ?? 1;
        const change = (around[axis]?.[0] ?? 0) + (around[axis]?.[1] ?? 0);
        return toBatch ? (side + change) / factor : side * factor - change;
      });
      const factor = elementCount(block);
      const shape = [toBatch ? batch * factor : batch / factor, ...moved];
      requireShape(shape.every(Number.isInteger), call, 'the sides are not multiples of the block');
      return shape;
    }),
    gradient: ({ operation, dy }) => {
      const inverse = toBatch ? 'BatchToSpaceND' : 'SpaceToBatchND';
      return [() => output(inverse, [dy, input(operation, 1), input(operation, 2)])];
    },
  };
}

/** DepthToSpace and its inverse. */
function depth(toSpace: boolean): OpDefinition {
  return {
    attributes: { T: typeOf(0), block_size: given('int'), data_format: fixed('string', 'NHWC') },
    outputs: reshaped((call) => {
      const [batch = 0, height = 0, width = 0, channels = 0] = input(call, 0).shape;
      const size = numberAttribute(call, 'block_size');
      const shape = toSpace
        ? [batch, height * size, width * size, channels / size ** 2]
        : [batch, height / size, width / size, channels * size ** 2];
      requireShape(shape.every(Number.isInteger), call, 'the sides are not multiples of the block');
      return shape;
    }),
    gradient: ({ operation, dy }) => {
      const inverse = toSpace ? 'SpaceToDepth' : 'DepthToSpace';
      return [() => output(inverse, [dy], { block_size: numberAttribute(operation, 'block_size') })];
    },
  };
}

function concatenationGradient(operation: Call, dy: Tensor): readonly (() => Tensor)[] {
  const parts = operation.inputs.slice(0, -1);
  const [axis = 0] = constantShape(operation, parts.length);
  let offset = 0;
  return parts.map(({ shape }) => {
    const begin = shape.map((_, dimension) => (dimension === axis ? offset : 0));
    offset += shape[axis] ?? 0;
    return () => output('Slice', [dy, integers(dy.graph, begin), integers(dy.graph, shape)]);
  });
}

type Name =
  | 'Reshape'
  | 'Transpose'
  | 'ConcatV2'
  | 'Pad'
  | 'PadV2'
  | 'Slice'
  | 'GatherV2'
  | 'SpaceToBatchND'
  | 'BatchToSpaceND'
  | 'DepthToSpace'
  | 'SpaceToDepth'
  | 'BroadcastTo';

export const layoutOps: OpFamily<Name> = {
  /** Inputs: x, shape. */
  Reshape: {
    attributes: { T: typeOf(0), Tshape: indexType },
    outputs: reshaped((call) => {
      const shape = constantShape(call, 1);
      requireShape(
        elementCount(shape) === elementCount(input(call, 0).shape),
        call,
        `[${shape.join(', ')}] has another size`,
      );
      return shape;
    }),
    gradient: ({ operation, dy }) => [() => reshapeTo(dy, input(operation, 0).shape)],
  },
  /** Inputs: x, permutation. */
  Transpose: {
    attributes: { T: typeOf(0), Tperm: indexType },
    outputs: reshaped((call) => constantShape(call, 1).map((axis) => input(call, 0).shape[axis] ?? 0)),
    gradient: ({ operation, dy }) => {
      const permutation = constantShape(operation, 1);
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return [() => output('Transpose', [dy, integers(dy.graph, inverse)])];
    },
  },
  /** Inputs: the parts, then the axis (constant scalar, from 0). */
  ConcatV2: {
    attributes: { T: typeOf(0), N: given('int'), Tidx: indexType },
    outputs: reshaped((call) => {
      const parts = call.inputs.slice(0, -1);
      const [axis = 0] = constantShape(call, parts.length);
      const total = parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
      const shape = input(call, 0).shape.map((side, dimension) => (dimension === axis ? total : side));
      const others = (part: Shape): string => String(part.toSpliced(axis, 1));
      requireShape(
        parts.every((part) => others(part.shape) === others(shape)),
        call,
        'the other sides differ',
      );
      return shape;
    }),
    gradient: ({ operation, dy }) => concatenationGradient(operation, dy),
  },
  /** Inputs: x, paddings `[rank, 2]`; zeros are added. */
  Pad: padding,
  /** As Pad, with the value to add as the third input. */
  PadV2: padding,
  /** Inputs: x, begin (may be computed), size. */
  Slice: {
    attributes: { T: typeOf(0), Index: indexType },
    outputs: reshaped((call) => {
      const size = constantShape(call, 2);
      const { shape } = input(call, 0);
      requireShape(
        size.length === shape.length && size.every((side, axis) => side <= (shape[axis] ?? 0)),
        call,
        `a slice of [${size.join(', ')}] does not fit`,
      );
      return size;
    }),
    gradient: ({ operation, dy }) => {
      const { shape } = input(operation, 0);
      return [
        () => {
          const begin = constantShape(operation, 1);
          const around = shape.flatMap((side, axis) => [
            begin[axis] ?? 0,
            side - (begin[axis] ?? 0) - (dy.shape[axis] ?? 0),
          ]);
          return output('Pad', [dy, dy.graph.constant(around, [shape.length, 2], 'int32')]);
        },
      ];
    },
  },
  /** Inputs: x, int32 indices, axis (constant scalar). */
  GatherV2: {
    attributes: { Tparams: typeOf(0), Tindices: indexType, Taxis: indexType, batch_dims: fixed('int', 0) },
    outputs: reshaped((call) => {
      const [axis = 0] = constantShape(call, 2);
      return input(call, 0).shape.toSpliced(axis, 1, ...input(call, 1).shape);
    }),
    gradient: noGradient('rows are gathered from data, not from weights'),
  },
  SpaceToBatchND: blocks(true),
  BatchToSpaceND: blocks(false),
  DepthToSpace: depth(true),
  SpaceToDepth: depth(false),
  /** Inputs: x, shape. */
  BroadcastTo: {
    attributes: { T: typeOf(0), Tidx: indexType },
    outputs: reshaped((call) => constantShape(call, 1)),
    gradient: ({ operation, dy }) => [() => sumToShape(dy, input(operation, 0).shape)],
  },
};

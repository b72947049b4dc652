import type { Graph } from '../graph.ts';
import type { DType, Shape, Tensor, Variable } from '../tensor.ts';
import { sameShape } from '../tensor.ts';
import { integers } from './integers.ts';
import { output } from './output.ts';
import type { ExplicitPadding } from './window.ts';

export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : output('Reshape', [x, integers(x.graph, shape)]);
}

/** Axis `i` of the result is axis `permutation[i]` of `x`. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return output('Transpose', [x, integers(x.graph, permutation)]);
}

/** The parts one after another along an axis; a negative axis counts from the end. */
export function concat(parts: readonly [Tensor, ...Tensor[]], axis = -1): Tensor {
  const [first] = parts;
  const fromStart = axis < 0 ? axis + first.shape.length : axis;
  return output('ConcatV2', [...parts, first.graph.constant(fromStart, [], 'int32')], { N: parts.length });
}

/** `[before, after]` values added at each axis. */
export function pad(x: Tensor, paddings: readonly (readonly [number, number])[], value = 0): Tensor {
  const around = x.graph.constant(paddings.flat(), [paddings.length, 2], 'int32');
  if (value === 0) return output('Pad', [x, around]);
  return output('PadV2', [x, around, x.graph.constant(value, [], x.dtype)]);
}

/** `size` elements from `begin` on along each axis; `begin` may be a computed int32 vector. */
export function slice(x: Tensor, begin: readonly number[] | Tensor, size: Shape): Tensor {
  const start = 'graph' in begin ? begin : integers(x.graph, begin);
  return output('Slice', [x, start, integers(x.graph, size)]);
}

/** The entries of `x` along `axis` that the int32 `indices` name. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return output('GatherV2', [x, indices, x.graph.constant(axis, [], 'int32')]);
}

export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : output('Cast', [x], { DstT: dtype });
}

/** The same bits as another type: uint8 data is fed as int32 words, and each word becomes a last axis of 4. */
export function bitcast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : output('Bitcast', [x], { type: dtype });
}

/** Pads, then moves each `[height, width]` block of pixels into the batch. */
export function spaceToBatch(x: Tensor, block: readonly [number, number], padding: ExplicitPadding): Tensor {
  const around = x.graph.constant(padding, [2, 2], 'int32');
  return output('SpaceToBatchND', [x, integers(x.graph, block), around]);
}

/** The inverse of `spaceToBatch`: `crops` are what it had padded. */
export function batchToSpace(x: Tensor, block: readonly [number, number], crops: ExplicitPadding): Tensor {
  const around = x.graph.constant(crops, [2, 2], 'int32');
  return output('BatchToSpaceND', [x, integers(x.graph, block), around]);
}

/** `[b, h, w, size * size * c]` to `[b, h * size, w * size, c]`. */
export function depthToSpace(x: Tensor, size: number): Tensor {
  return output('DepthToSpace', [x], { block_size: size });
}

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return output('BroadcastTo', [x, integers(x.graph, shape)]);
}

/** A tensor of one value, made when the graph runs. */
export function fill(graph: Graph, shape: Shape, value: Tensor): Tensor {
  return output('Fill', [integers(graph, shape), value]);
}

/** `[..., depth]`: 1 at the int32 index, 0 elsewhere. */
export function oneHot(indices: Tensor, depth: number, { on = 1, off = 0 } = {}): Tensor {
  const { graph } = indices;
  return output('OneHot', [
    indices,
    graph.constant(depth, [], 'int32'),
    graph.constant(on),
    graph.constant(off),
  ]);
}

/**
 * Some rows of a variable, without reading all of it. Once rows of a variable have been replaced in place, TensorFlow
 * copies the whole of it for every ordinary read; this read alone never does.
 */
export function gatherRows(variable: Variable, rows: Tensor): Tensor {
  const shape = [...rows.shape, ...variable.shape.slice(1)];
  return output('ResourceGather', [variable.handle, rows], { dtype: variable.dtype, shape });
}

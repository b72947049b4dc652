import { BlockstillError } from '../../common/error.ts';
import type { NativeBinding, NativeTensor } from '../tensorflow.ts';
import { dataTypes } from './data-types.ts';
import type { DType, Shape, Tensor, TensorType, Values } from './tensor.ts';
import { describeType, elementCount } from './tensor.ts';

const arrayTypes: Partial<Record<DType, new (length: number) => Values>> = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * Hands values to TensorFlow as a tensor, to be deleted by the caller.
 *
 * Whole numbers are copied first: TensorFlow keeps the memory of such an array when it happens to be aligned, and a
 * variable would follow when the caller fills the array again. It copies others itself.
 */
export function createNativeTensor(binding: NativeBinding, type: TensorType, values: Values): number {
  const arrayType = arrayTypes[type.dtype];
  if (arrayType === undefined || !(values instanceof arrayType)) {
    const message = `${describeType(type)} cannot be fed from a ${values.constructor.name}.`;
    throw new BlockstillError('graph/feed-type', message);
  }
  const owned = type.dtype === 'int32' ? values.slice() : values;
  return binding.createTensor(type.shape, dataTypes[type.dtype], owned);
}

/** The type that a placeholder has when it is fed these values; an open number of rows (-1) is filled in. */
export function fedType({ shape, dtype }: Tensor, values: Values): TensorType {
  const rowSize = elementCount(shape.slice(1));
  const filled: Shape = shape[0] === -1 ? [values.length / rowSize, ...shape.slice(1)] : shape;
  if (elementCount(filled) === values.length && filled.every(Number.isInteger))
    return { shape: filled, dtype };
  throw new BlockstillError(
    'graph/feed-size',
    `${values.length} values were fed for ${describeType({ shape, dtype })}.`,
  );
}

/** The values of native tensors, which are deleted. */
export function takeValues(binding: NativeBinding, tensors: readonly NativeTensor[]): Values[] {
  try {
    return tensors.map(({ id }) => binding.tensorDataSync(id));
  } finally {
    for (const { id } of tensors) binding.deleteTensor(id);
  }
}

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
 * They are copied first: TensorFlow keeps the memory of an array that happens to be aligned, a variable that is
 * assigned the tensor then owns it, and a training step would change the caller's array in place.
 */
export function createNativeTensor(binding: NativeBinding, type: TensorType, values: Values): number {
  const arrayType = arrayTypes[type.dtype];
  if (arrayType === undefined || !(values instanceof arrayType)) {
    const message = `${describeType(type)} cannot be fed from a ${values.constructor.name}.`;
    throw new BlockstillError('graph/feed-type', message);
  }
  return binding.createTensor(type.shape, dataTypes[type.dtype], values.slice());
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

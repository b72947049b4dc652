import { BlockstillError } from '../../common/error.ts';
import type { AttributeValue, DType } from './tensor.ts';

/** `tensorflow.DataType` */
export const dataTypes = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} satisfies Record<DType, number>;

export function dataType(value: AttributeValue | undefined): number {
  return dataTypes[dtypeOf(value)];
}

/** Whether values of this type can be fetched; others are cast first. */
export function isFetchable(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

/** Bytes of one element; text and resources have no fixed size. */
export const byteSizes = {
  float32: 4,
  int32: 4,
  bfloat16: 2,
  uint8: 1,
  bool: 1,
  string: 0,
  resource: 0,
} satisfies Record<DType, number>;

/** The type that an attribute names. */
export function dtypeOf(value: AttributeValue | undefined): DType {
  const known = Object.keys(byteSizes).find((dtype): dtype is DType => dtype === value);
  if (known === undefined)
    throw new BlockstillError('graph/unknown-type', `${String(value)} is no data type.`);
  return known;
}

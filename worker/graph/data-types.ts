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
  const found = Object.entries(dataTypes).find(([dtype]) => dtype === value);
  return found?.[1] ?? 0;
}

/** Whether values of this type can be fetched; others are cast first. */
export function isFetchable(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

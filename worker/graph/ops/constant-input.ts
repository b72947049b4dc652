import { BlockstillError } from '../../../common/error.ts';
import type { Call } from '../op-definition.ts';
import { input } from '../op-definition.ts';
import type { Shape } from '../tensor.ts';

/** The values of an input that must be a constant because the output's shape depends on it. */
export function constantShape(call: Call, index: number): Shape {
  const { operation } = input(call, index);
  const values = operation.attributes['value'];
  if (operation.op !== 'Const' || !(values instanceof Int32Array)) {
    throw new BlockstillError(
      'graph/not-constant',
      `${call.op} needs an int32 constant as its input ${index}.`,
    );
  }
  return [...values];
}

import { BlockstillError } from '../../../common/error.ts';
import type { OpName } from '../ops/index.ts';
import type { Attributes, Operation, Tensor } from '../tensor.ts';

/** Adds an operation and gives its first output. */
export function output(
  op: OpName,
  inputs: readonly [Tensor, ...Tensor[]],
  attributes: Attributes = {},
  after: readonly Operation[] = [],
): Tensor {
  const [first] = inputs[0].graph.apply(op, inputs, attributes, { after }).outputs;
  if (first === undefined) throw new BlockstillError('graph/no-output', `${op} has no output to go on with.`);
  return first;
}

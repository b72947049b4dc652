import { BlockstillError } from '../../common/error.ts';
import type { Operation, Tensor, Values } from './tensor.ts';
import { describeType } from './tensor.ts';

/** Runs parts of one graph, keeping its variables from run to run. */
export interface Executor extends Disposable {
  /** Computes the fetched tensors and everything that they depend on or come after. */
  execute(feeds: ReadonlyMap<Tensor, Values>, fetches: readonly Tensor[]): Values[];
}

/** An error of TensorFlow with the operation in which it happened. */
export function operationError(cause: unknown, operation: Operation | undefined): BlockstillError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = /Message: (.*)/.exec(message)?.[1] ?? message;
  const inputs = operation?.inputs.map(describeType).join(', ');
  const what =
    operation === undefined ? 'A TensorFlow graph' : `The TensorFlow operation ${operation.name}(${inputs})`;
  return new BlockstillError('tensorflow/operation-failed', `${what} failed: ${reason}`, { cause });
}

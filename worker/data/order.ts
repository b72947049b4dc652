import { randomStream } from '../../common/random.ts';

/** The order in which an epoch visits the records: a permutation that is a function of (seed, epoch, count) alone. */
export function epochOrder(seed: number, epoch: number, count: number): Int32Array {
  return randomStream(seed, 'order', epoch).permutation(count);
}

/** Training steps in an epoch: full batches only, at least one. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.max(1, Math.floor(count / batchSize));
}

/**
 * The records of all training batches of an epoch, `[steps * batchSize]`.
 *
 * The records that do not fill a batch wait for another epoch's order; a set smaller than one batch is repeated.
 */
export function trainingRows(order: Int32Array, batchSize: number): Int32Array {
  const length = stepsPerEpoch(order.length, batchSize) * batchSize;
  if (length <= order.length) return order.subarray(0, length);
  return Int32Array.from({ length }, (_, index) => order[index % order.length]!);
}

export interface EvaluationBatches {
  readonly steps: number;
  /** `[steps * batchSize]`: the records in file order, then record 0 until the last batch is full. */
  readonly rows: Int32Array;
  /** `[steps * batchSize]`: 1 for a record, 0 for padding. */
  readonly mask: Float32Array;
}

/** Every record once, in batches of one fixed size. */
export function evaluationBatches(count: number, batchSize: number): EvaluationBatches {
  const steps = Math.ceil(count / batchSize);
  const rows = Int32Array.from({ length: steps * batchSize }, (_, index) => (index < count ? index : 0));
  return { steps, rows, mask: new Float32Array(steps * batchSize).fill(1, 0, count) };
}

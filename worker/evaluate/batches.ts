import { evaluationBatches } from '../data/order.ts';

export interface EvaluationBatch {
  /** One full batch of sample numbers; padding repeats sample 0. */
  readonly rows: Int32Array;
  /** How many of them count. */
  readonly valid: number;
  /** The first of them. */
  readonly first: number;
}

/** Every sample once, in file order, in batches of one fixed size. */
export function* batchesOf(samples: number, batchSize: number): Generator<EvaluationBatch> {
  const { steps, rows } = evaluationBatches(samples, batchSize);
  for (let step = 0; step < steps; step++) {
    const first = step * batchSize;
    yield {
      rows: rows.subarray(first, first + batchSize),
      valid: Math.min(batchSize, samples - first),
      first,
    };
  }
}

import type { Accuracy } from '../contract/primitives.ts';

/** A share of right answers with its binomial standard error. */
export function shareOf(right: number, samples: number, measure: Accuracy['measure']): Accuracy {
  const value = right / samples;
  return { value, samples, standardError: Math.sqrt((value * (1 - value)) / samples), measure };
}

/** What always giving the commonest label scores. */
export function constantAnswer(labels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}

/** Sums of a dense output over samples, in double precision. */
export interface DenseSums {
  readonly squaredErrors: number;
  readonly sum: number;
  readonly squares: number;
  readonly elements: number;
}

/**
 * How well a dense output is imitated: one minus MSE over the variance of the teacher's output, floored at 0. The
 * standard error is that of the mean of the samples' own shares.
 */
export function imitation(samples: readonly DenseSums[]): Accuracy {
  const total = samples.reduce((all, one) => ({
    squaredErrors: all.squaredErrors + one.squaredErrors,
    sum: all.sum + one.sum,
    squares: all.squares + one.squares,
    elements: all.elements + one.elements,
  }));
  const variance = total.squares / total.elements - (total.sum / total.elements) ** 2;
  const shares = samples.map((one) => 1 - one.squaredErrors / one.elements / (variance + 1e-12));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const spread = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / Math.max(1, shares.length - 1);
  return {
    value: Math.min(1, Math.max(0, mean)),
    samples: shares.length,
    standardError: Math.sqrt(spread / shares.length),
    measure: 'Imitation',
  };
}

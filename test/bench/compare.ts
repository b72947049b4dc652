import { median } from '../../worker/evaluate/median.ts';

/** Milliseconds a step, one figure a round, by variant; variants took turns within a round. */
export type Rounds = Readonly<Record<string, readonly number[]>>;

export interface ShapeTimes {
  /** For example `64@32`: 64 channels at 32 x 32 pixels. */
  readonly shape: string;
  readonly rounds: Rounds;
}

export interface Bound {
  /** How many times faster the training graph must be, over all shapes. */
  readonly geometricMean: number;
  /** And on each single shape. */
  readonly each: number;
  /** The geometric mean that docs/performance.md shows. */
  readonly measured?: number;
}

export interface Comparison {
  readonly variant: string;
  /** How many times faster the reference is, by shape. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly geometricMean: number;
  readonly bound: Bound | undefined;
  /** One sentence a missed bound. */
  readonly missed: readonly string[];
}

/**
 * Compares every other variant with the reference. A ratio is the median over rounds of the quotient within a round,
 * which cancels what slowed the machine down in that round.
 */
export function compare(
  shapes: readonly ShapeTimes[],
  reference: string,
  bounds: Readonly<Record<string, Bound>>,
): Comparison[] {
  const variants = new Set(shapes.flatMap(({ rounds }) => Object.keys(rounds)));
  variants.delete(reference);
  return [...variants].map((variant) => {
    const ratios: Record<string, number> = {};
    for (const { shape, rounds } of shapes) {
      const own = rounds[reference] ?? [];
      ratios[shape] = median((rounds[variant] ?? []).map((time, round) => time / (own[round] ?? Number.NaN)));
    }
    const mean = geometricMean(Object.values(ratios));
    const bound = bounds[variant];
    return {
      variant,
      ratios,
      geometricMean: mean,
      bound,
      missed: bound ? missedBounds(ratios, mean, bound) : [],
    };
  });
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function missedBounds(ratios: Comparison['ratios'], mean: number, bound: Bound): string[] {
  const missed = Object.entries(ratios)
    .filter(([, ratio]) => !(ratio >= bound.each))
    .map(([shape, ratio]) => `${ratio.toFixed(2)} on ${shape}, below ${bound.each}`);
  if (!(mean >= bound.geometricMean))
    missed.push(`${mean.toFixed(2)} over all, below ${bound.geometricMean}`);
  return missed;
}

import type { RandomStream } from '../../../common/random.ts';
import { randomStream } from '../../../common/random.ts';
import { Graph } from '../graph.ts';
import { gradients } from '../gradients.ts';
import { multiply, sum } from '../nn.ts';
import { openSession } from '../session.ts';
import type { Shape, Tensor, Values } from '../tensor.ts';
import { elementCount } from '../tensor.ts';

export interface GradientCase {
  readonly inputs: readonly Shape[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
  /**
   * `linear` (also piecewise): values far apart, so that no step crosses a kink, and the difference quotient has no
   * truncation error: only float32 rounding is left. `smooth`, `positive`: small values and a small step, whose
   * truncation and rounding errors are both of the order of 1e-4.
   */
  readonly values?: 'linear' | 'smooth' | 'positive';
  /** Where the gradient itself is coarser than float32. */
  readonly tolerance?: number;
}

const steps = { linear: 2 ** -6, smooth: 2 ** -7, positive: 2 ** -7 };
const tolerances = { linear: 2e-4, smooth: 2e-3, positive: 2e-3 };

/**
 * The largest difference between a gradient and the central difference quotient of `sum(r * y)` along a random
 * direction, one input at a time, in units of what is allowed. `r` and the direction are random, so a wrong gradient
 * shows with probability one; differences are relative to the length of the gradient times that of the direction.
 */
export function gradientError({
  inputs,
  build,
  values = 'linear',
  tolerance = tolerances[values],
}: GradientCase): number {
  const random = randomStream('gradient check', String(inputs));
  const [graph, step] = [new Graph(), steps[values]];
  const points = inputs.map((shape, index) => pointOf(shape, random, { values, index }));
  const directions = inputs.map((shape) =>
    Float32Array.from({ length: elementCount(shape) }, () => (random.below(2) ? 1 : -1)),
  );
  const variables = inputs.map((shape, index) => graph.variable(`x${index}`, shape));
  const reads = variables.map((variable) => graph.read(variable));
  const y = build(reads);
  const functional = Float32Array.from({ length: elementCount(y.shape) }, () => random.normal());
  const loss = sum(multiply(y, graph.constant(functional, y.shape)));
  const fetch: Record<string, Tensor> = {};
  gradients(loss, variables).forEach((gradient, index) => (fetch[`gradient${index}`] = gradient));
  inputs.forEach((shape, index) => {
    for (const sign of [1, -1]) {
      const moved = points[index]!.map(
        (value, element) => value + sign * step * directions[index]![element]!,
      );
      fetch[`${sign}/${index}`] = build(reads.with(index, graph.constant(moved, shape)));
    }
  });
  graph.endpoint('check', { fetch });
  using session = openSession(graph, { executor: 'eager', device: 'CPU' });
  session.set(new Map(variables.map(({ name }, index) => [name, points[index]!])));
  const found = session.run('check');
  const errors = inputs.map((_, index) => {
    const gradient = found[`gradient${index}`]!;
    const change = dot(functional, found[`1/${index}`]!) - dot(functional, found[`-1/${index}`]!);
    const difference = Math.abs(change / (2 * step) - dot(gradient, directions[index]!));
    const scale = Math.sqrt(dot(gradient, gradient) * gradient.length) + 1e-6;
    return difference / scale / tolerance;
  });
  return Math.max(...errors);
}

type PointKind = NonNullable<GradientCase['values']>;

/** With `linear`, all values of the first two inputs differ by more than two steps. */
function pointOf(
  shape: Shape,
  random: RandomStream,
  { values, index }: { values: PointKind; index: number },
): Float32Array {
  const count = elementCount(shape);
  if (values === 'smooth') return Float32Array.from({ length: count }, () => random.normal());
  if (values === 'positive') return Float32Array.from({ length: count }, () => 0.5 + 2 * random.uniform());
  return Float32Array.from(
    random.permutation(count),
    (rank) => (rank - Math.floor(count / 2) + 0.25 + index / 2) / 16,
  );
}

function dot(a: Values, b: Values): number {
  let total = 0;
  for (let index = 0; index < a.length; index++) total += a[index]! * b[index]!;
  return total;
}

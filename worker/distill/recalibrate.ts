import { batchesOf } from '../evaluate/batches.ts';
import { randomStream } from '../../common/random.ts';
import type { Session, Values } from '../graph/session.ts';
import type { BlockGraph } from './block-graph.ts';

export interface RecalibrationTarget {
  /** Leaves the batch's own statistics in the variables. */
  readonly endpoint: string;
  /** BatchNorm statistics by variable name. */
  readonly statistics: readonly string[];
}

export interface RecalibrationOptions {
  readonly session: Session;
  readonly targets: readonly RecalibrationTarget[];
  readonly batches: Iterable<Int32Array>;
  /** Brings the inputs of a batch: puts them in place, or gives what to feed. */
  readonly feeds: (rows: Int32Array) => Promise<Readonly<Record<string, Values>> | void>;
  readonly between: () => Promise<void>;
}

/**
 * Replaces BatchNorm's moving statistics by the equal-weight average over a fixed set of batches.
 *
 * A moving average weighs the last few hundred samples of training, and lags behind weights that have moved; the plain
 * average of batch statistics needs no labels and no gradients.
 */
export async function recalibrate(options: RecalibrationOptions): Promise<void> {
  const { session } = options;
  const targets = options.targets.filter((target) => target.statistics.length > 0);
  const sums = new Map<string, Float64Array>();
  let count = 0;
  for (const rows of options.batches) {
    if (targets.length === 0) return;
    const feeds = (await options.feeds(rows)) ?? {};
    for (const { endpoint } of targets) session.run(endpoint, feeds);
    for (const [name, values] of session.get(targets.flatMap(({ statistics }) => statistics))) {
      const sum = sums.get(name) ?? new Float64Array(values.length);
      values.forEach((value, index) => (sum[index]! += value));
      sums.set(name, sum);
    }
    count += 1;
    await options.between();
  }
  session.set(
    new Map([...sums].map(([name, sum]) => [name, Float32Array.from(sum, (value) => value / count)])),
  );
}

/** The fixed, seeded training batches for recalibration: at most `count`, without repeats where there are enough. */
export function* recalibrationBatches(
  seed: number,
  samples: number,
  size: { batchSize: number; count: number },
): Generator<Int32Array> {
  const order = randomStream(seed, 'recalibration').permutation(samples);
  const { batchSize } = size;
  const full = Math.max(1, Math.min(size.count, Math.floor(samples / batchSize)));
  for (let batch = 0; batch < full; batch++) {
    yield Int32Array.from({ length: batchSize }, (_, i) => order[(batch * batchSize + i) % samples]!);
  }
}

/** Variance of the target around each channel's own mean, averaged over channels; validation split. */
export async function targetVariance(
  session: Session,
  graph: BlockGraph,
  options: {
    samples: number;
    batchSize: number;
    load: (rows: Int32Array) => Promise<void>;
    between: () => Promise<void>;
  },
): Promise<number> {
  const channels = graph.block.outputShape.at(-1) ?? 1;
  const pixels = graph.block.outputShape.slice(0, -1).reduce((product, size) => product * size, 1);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (const { rows, valid } of batchesOf(options.samples, options.batchSize)) {
    await options.load(rows);
    const moments = session.run(graph.endpoints.moments);
    for (let index = 0; index < valid * channels; index++) {
      sums[index % channels]! += moments['sums']![index]!;
      squares[index % channels]! += moments['squares']![index]!;
    }
    await options.between();
  }
  const count = options.samples * pixels;
  return squares.reduce((total, square, c) => total + square / count - (sums[c]! / count) ** 2, 0) / channels;
}

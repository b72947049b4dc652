import { FrozenGraph } from '../graph/frozen-graph.ts';
import { mean } from '../graph/nn.ts';
import { openSession, type Session, type Values } from '../graph/session.ts';
import type { Shape, Tensor } from '../graph/tensor.ts';
import { median } from './median.ts';

/** How long two networks take for the same batch. */
export interface PairTimes {
  readonly teacherMilliseconds: number;
  readonly studentMilliseconds: number;
  readonly repeats: number;
}

export interface Pair {
  /** Weights by the names of their variables. */
  readonly weights: ReadonlyMap<string, Values>;
  /** `[batch, height, width, channels]`: the batch that both read. */
  readonly input: { readonly shape: Shape; readonly values: Values };
  readonly teacher: (input: Tensor) => Tensor;
  readonly student: (input: Tensor) => Tensor;
}

export interface TimingOptions {
  readonly device: 'CPU' | 'GPU';
  readonly seconds: () => number;
  /** Called after each timing; throws to end it. */
  readonly between: () => Promise<void>;
  /** After so long there are no further repeats than {@link minRepeats}. */
  readonly budgetSeconds: number;
  readonly maxRepeats: number;
}

const minRepeats = 3;
/** Short runs are repeated until they take this long together, since a clock and a scheduler have their own grain. */
const secondsPerRepeat = 0.02;
const maxRunsPerRepeat = 50;

/**
 * Times inference of two networks in turns, so that a noisy machine disturbs both alike, and gives medians.
 *
 * The weights are constants, as in a deployed model, so that TensorFlow folds BatchNorm into the convolutions. The first
 * run of each, which prepares it, does not count.
 */
export async function timePair(pair: Pair, options: TimingOptions): Promise<PairTimes> {
  const graph = new FrozenGraph(pair.weights);
  const input = graph.variable('input', pair.input.shape);
  for (const name of ['teacher', 'student'] as const) {
    // Fetching a mean waits for all of the output, and copies none of it.
    graph.endpoint(name, { fetch: { output: mean(pair[name](graph.read(input))) } });
  }
  using session = openSession(graph, { device: options.device });
  session.set(new Map([['input', pair.input.values]]));
  return await timeInTurns(session, options);
}

async function timeInTurns(session: Session, options: TimingOptions): Promise<PairTimes> {
  const { seconds, between, budgetSeconds, maxRepeats } = options;
  const timeOf = async (endpoint: string, runs: number): Promise<number> => {
    const start = seconds();
    for (let run = 0; run < runs; run++) session.run(endpoint);
    const each = (seconds() - start) / runs;
    await between();
    return each;
  };
  const start = seconds();
  await timeOf('teacher', 1);
  await timeOf('student', 1);
  const once = await timeOf('teacher', 1);
  const runs = Math.min(maxRunsPerRepeat, Math.max(1, Math.ceil(secondsPerRepeat / once)));
  const times = { teacher: [] as number[], student: [] as number[] };
  const withinBudget = (): boolean => seconds() - start < budgetSeconds;
  while (times.teacher.length < minRepeats || (times.teacher.length < maxRepeats && withinBudget())) {
    times.teacher.push(await timeOf('teacher', runs));
    times.student.push(await timeOf('student', runs));
  }
  return {
    teacherMilliseconds: 1000 * median(times.teacher),
    studentMilliseconds: 1000 * median(times.student),
    repeats: times.teacher.length,
  };
}

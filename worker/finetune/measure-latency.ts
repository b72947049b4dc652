import type { Latency } from '../contract/primitives.ts';
import { median } from '../evaluate/median.ts';
import { mean } from '../graph/nn.ts';
import { openSession, type Values } from '../graph/session.ts';
import { elementCount } from '../graph/tensor.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import { FrozenGraph } from './frozen-graph.ts';
import { inputShapeOf, type Network } from '../models/network.ts';

export interface LatencyOptions {
  readonly teacher: Network;
  readonly student: Network;
  readonly device: 'CPU' | 'GPU';
  readonly batchSizes: readonly number[];
  readonly seconds: () => number;
  readonly between: () => Promise<void>;
}

export interface Latencies {
  readonly teacher: readonly Latency[];
  readonly student: readonly Latency[];
}

const maxRepeats = 15;
const minRepeats = 3;
/** Teacher and student together, for each batch size. */
const budgetSeconds = 10;
/** Short runs are repeated until they take this long together, since a clock and a scheduler have their own grain. */
const secondsPerRepeat = 0.02;
const maxRunsPerRepeat = 50;

/**
 * How long teacher and student take for a batch, in turns so that a noisy machine disturbs both alike, as medians.
 *
 * The weights are constants, as in a deployed model, so that TensorFlow folds BatchNorm into the convolutions.
 */
export async function measureLatency(options: LatencyOptions): Promise<Latencies> {
  const teacher: Latency[] = [];
  const student: Latency[] = [];
  for (const batchSize of options.batchSizes) {
    const medians = await measureBatch(options, batchSize);
    const { repeats } = medians;
    teacher.push({ batchSize, repeats, milliseconds: medians.teacher });
    student.push({ batchSize, repeats, milliseconds: medians.student });
  }
  return { teacher, student };
}

async function measureBatch(
  options: LatencyOptions,
  batchSize: number,
): Promise<{ teacher: number; student: number; repeats: number }> {
  const graph = new FrozenGraph(
    new Map([...variableValues(options.teacher, 'teacher/'), ...variableValues(options.student, 'student/')]),
  );
  const shape = [batchSize, ...inputShapeOf(options.teacher)];
  const input = graph.variable('input', shape);
  for (const name of ['teacher', 'student'] as const) {
    const { output } = emitNetwork(options[name], {
      input: graph.read(input),
      mode: 'inference',
      prefix: `${name}/`,
    });
    graph.endpoint(name, { fetch: { output: mean(output) } });
  }
  using session = openSession(graph, { device: options.device });
  session.set(
    new Map<string, Values>([
      ['input', Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i))],
    ]),
  );
  const timeOf = async (endpoint: string, runs: number): Promise<number> => {
    const start = options.seconds();
    for (let run = 0; run < runs; run++) session.run(endpoint);
    const seconds = (options.seconds() - start) / runs;
    await options.between();
    return seconds;
  };
  const start = options.seconds();
  await timeOf('teacher', 1);
  await timeOf('student', 1);
  const once = await timeOf('teacher', 1);
  const runs = Math.min(maxRunsPerRepeat, Math.max(1, Math.ceil(secondsPerRepeat / once)));
  const times = { teacher: [] as number[], student: [] as number[] };
  const withinBudget = (): boolean => options.seconds() - start < budgetSeconds;
  while (times.teacher.length < minRepeats || (times.teacher.length < maxRepeats && withinBudget())) {
    times.teacher.push(await timeOf('teacher', runs));
    times.student.push(await timeOf('student', runs));
  }
  return {
    teacher: 1000 * median(times.teacher),
    student: 1000 * median(times.student),
    repeats: times.teacher.length,
  };
}

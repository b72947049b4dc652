import type { Latency } from '../contract/primitives.ts';
import { timePair, type TimingOptions } from '../evaluate/time-pair.ts';
import { elementCount, type Tensor } from '../graph/tensor.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import { inputShapeOf, type Network } from '../models/network.ts';

export interface LatencyOptions extends Pick<TimingOptions, 'device' | 'seconds' | 'between'> {
  readonly teacher: Network;
  readonly student: Network;
  readonly batchSizes: readonly number[];
}

export interface Latencies {
  readonly teacher: readonly Latency[];
  readonly student: readonly Latency[];
}

/** Teacher and student together, for each batch size. */
const effort = { budgetSeconds: 10, maxRepeats: 15 };

/** How long teacher and student take for a batch. */
export async function measureLatency(options: LatencyOptions): Promise<Latencies> {
  const teacher: Latency[] = [];
  const student: Latency[] = [];
  for (const batchSize of options.batchSizes) {
    const shape = [batchSize, ...inputShapeOf(options.teacher)];
    const emit =
      (name: 'teacher' | 'student') =>
      (input: Tensor): Tensor =>
        emitNetwork(options[name], { input, mode: 'inference', prefix: `${name}/` }).output;
    const { teacherMilliseconds, studentMilliseconds, repeats } = await timePair(
      {
        weights: new Map([
          ...variableValues(options.teacher, 'teacher/'),
          ...variableValues(options.student, 'student/'),
        ]),
        input: { shape, values: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i)) },
        teacher: emit('teacher'),
        student: emit('student'),
      },
      { ...options, ...effort },
    );
    teacher.push({ batchSize, repeats, milliseconds: teacherMilliseconds });
    student.push({ batchSize, repeats, milliseconds: studentMilliseconds });
  }
  return { teacher, student };
}

import { at, distilled, failed } from '../../operator/decide/builders.ts';
import type { ObservedAttempt } from '../../operator/decide/observed.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import { authorsRun } from './authors-run.ts';
import { collapsedBlock } from './resnet50-network.ts';

export const gpu = 'NVIDIA GeForce RTX 2080 Ti';
export const platform = {
  device: 'GPU',
  deviceName: gpu,
  tensorflow: '2.20.0',
  threads: 4,
  precision: 'TF32',
  reproducible: false,
} as const;

/** Of each block's seconds, the part in which the process started, and in which the teacher ran. */
const [startUpSeconds, teacherShare] = [12, 0.3];
/** After this much work the second attempt at a block on GPU 1 had to start anew, from its checkpoint. */
const lostSeconds = 140;
const interruptedUnit = 'unit-009';
const epochs = 16;

/** Every attempt at every block: each GPU trains its blocks one after the other. */
export function trainingAttempts(): ObservedAttempt[] {
  const free = [0, 0, 0, 0];
  return authorsRun.blocks.flatMap(([name, device, seconds], index) => {
    const unit = `unit-${String(index).padStart(3, '0')}`;
    const start = free[device] ?? 0;
    const lost = unit === interruptedUnit ? lostSeconds : 0;
    const pause = lost === 0 ? 0 : 20;
    const [from, end] = [start + lost + pause, start + lost + pause + seconds];
    free[device] = end;
    const training = (1 - teacherShare) * (seconds - startUpSeconds);
    const collapsed = name === collapsedBlock;
    const attempt = distilled(unit, name, {
      seconds: training,
      epochs,
      trainings: collapsed ? 2 : 1,
      loss: 0.05 + index * 0.004,
      unexplainedVariance: collapsed ? 1.07 : 0.06 + index * 0.005,
      score: {
        value: collapsed ? 0.11 : 0.932 - index * 0.0016,
        samples: 5000,
        standardError: 0.0036,
        measure: 'Top1',
      },
      history: lossHistory(index),
      ...(collapsed ? {} : { latency: latencyOf(index) }),
      ...(collapsed
        ? { state: 'Collapsed' as const, reason: 'unexplained variance is 1.07', weights: null }
        : {}),
    });
    const { value } = attempt.result ?? {};
    if (value?.stage !== 'Distill') throw new Error('A distilled unit has a distill result.');
    const shared = teacherShare * (seconds - startUpSeconds);
    const result = {
      ...value,
      platform,
      seconds: training + shared,
      sharedSeconds: shared,
      peakMemory: {
        hostBytes: 2_400_000_000 + index * 50_000_000,
        deviceBytes: 5_100_000_000 - index * 90_000_000,
      },
      attempt: lost > 0 ? 'attempt-002' : 'attempt-001',
      completionTime: at(end).toISOString(),
    };
    const committed: ObservedAttempt = {
      ...attempt,
      id: result.attempt,
      number: lost > 0 ? 2 : 1,
      device: `GPU ${device}`,
      startTime: at(from),
      endTime: at(end),
      result: {
        value: result,
        reference: { path: `${unit}/${result.attempt}/result.json`, digest: value.specDigest },
      },
    };
    const killed = failed(unit, {
      id: 'attempt-001',
      state: 'Interrupted',
      device: `GPU ${device}`,
      startTime: at(start),
      endTime: at(start + lost),
      message: 'The node was drained.',
    });
    return lost > 0 ? [killed, committed] : [committed];
  });
}

/** The authors timed no single block. */
function latencyOf(index: number): NonNullable<DistillResult['blocks'][number]['latency']> {
  const teacherMilliseconds = 3.1 + 0.17 * index;
  return {
    batchSize: 64,
    teacherMilliseconds,
    replacementMilliseconds: teacherMilliseconds / 2.5,
    repeats: 7,
  };
}

/** Falls from one to a floor that later blocks have higher up. */
function lossHistory(index: number): DistillResult['blocks'][number]['history'] {
  const floor = 0.05 + index * 0.004;
  return Array.from({ length: epochs }, (_, epoch) => {
    const loss = floor + (0.9 - floor) * Math.exp(-epoch / 2.6);
    return { loss, validationLoss: loss * (1.06 + 0.02 * Math.sin(epoch * 1.7 + index)) };
  });
}

import { aPlan } from '../../operator/decide/builders.ts';
import type { Plan } from '../../worker/contract/plan.ts';
import type { FinetuneResult } from '../../worker/contract/unit-result.ts';
import { authorsRun } from './authors-run.ts';

/** The block of which no usable replacement comes out. */
export const collapsedBlock = 'conv5_block1_2_conv';
export const trainingSamples = 45_000;

/** The 3x3 convolutions of ResNet50 at 224 x 224: width and resolution by stage. */
const widths: Readonly<Record<string, readonly [channels: number, size: number]>> = {
  conv2: [64, 56],
  conv3: [128, 28],
  conv4: [256, 14],
  conv5: [512, 7],
};

export function aResNetPlan(): Plan {
  const plan = aPlan(authorsRun.blocks.map(([name]) => name));
  const accuracy = (value: number, samples: number) =>
    ({ value, samples, standardError: Math.sqrt((value * (1 - value)) / samples), measure: 'Top1' }) as const;
  return {
    ...plan,
    teacher: {
      ...plan.teacher,
      cost: { parameters: 23_608_202, macs: 3_857_973_248 },
      accuracy: { validation: accuracy(0.941, 5000), test: accuracy(0.9384, 10_000) },
    },
    dataset: { ...plan.dataset, samples: { train: trainingSamples, validation: 5000, test: 10_000 } },
    batchSize: 64,
    kept: [{ name: 'conv1_conv', layers: ['conv1_conv'], reason: 'It is no 3x3 convolution.' }],
    candidates: ['conv1_conv', ...plan.candidates],
    blocks: plan.blocks.map((block) => {
      const [channels, size] = widths[block.name.slice(0, 5)] ?? [64, 56];
      const shape = [size, size, channels];
      return {
        ...block,
        layers: [block.name, block.name.replace('conv', 'bn'), block.name.replace('conv', 'relu')],
        inputShape: shape,
        outputShape: shape,
        teacher: { parameters: 9 * channels ** 2 + 5 * channels, macs: 9 * channels ** 2 * size ** 2 },
        replacement: {
          parameters: 2 * (9 * channels + channels ** 2 + 4 * channels),
          macs: 2 * (9 * channels + channels ** 2) * size ** 2,
        },
      };
    }),
  };
}

export function studentOf(names: readonly string[]): Partial<FinetuneResult> {
  const accuracy = (validation: number, test: number) => ({
    validation: {
      value: validation,
      samples: 5000,
      standardError: Math.sqrt((validation * (1 - validation)) / 5000),
      measure: 'Top1' as const,
    },
    test: {
      value: test,
      samples: 10_000,
      standardError: Math.sqrt((test * (1 - test)) / 10_000),
      measure: 'Top1' as const,
    },
  });
  const latency = (batchSize: number, milliseconds: number) => ({ batchSize, milliseconds, repeats: 50 });
  return {
    blocks: names.map((name, index) => ({
      name,
      replaced: name !== collapsedBlock,
      scoreDrop: 0.01 + index * 0.0015,
      ...(name === collapsedBlock ? { reason: 'unexplained variance is 1.07' } : {}),
    })),
    teacher: {
      cost: { parameters: 23_608_202, macs: 3_857_973_248 },
      accuracy: accuracy(0.941, 0.9384),
      latency: [latency(1, 6.214), latency(64, 58.31)],
    },
    student: {
      cost: { parameters: 15_921_034, macs: 2_460_118_000 },
      stages: [
        { stage: 'Stitched', accuracy: accuracy(0.812, 0.8062) },
        { stage: 'Recalibrated', accuracy: accuracy(0.846, 0.8401) },
        { stage: 'Finetuned', accuracy: accuracy(0.929, 0.9253) },
      ],
      chosen: 'Finetuned',
      latency: [latency(1, 7.902), latency(64, 39.46)],
      digest: `sha256:${'2'.repeat(64)}`,
      uri: 's3://models/resnet50-cifar10/student',
    },
    history: [
      { loss: 0.712, validationAccuracy: 0.903 },
      { loss: 0.488, validationAccuracy: 0.921 },
      { loss: 0.431, validationAccuracy: 0.929 },
    ],
  };
}

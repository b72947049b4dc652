import { expect, test } from 'vitest';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import type { Network } from '../../worker/models/network.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from './small-job.ts';

const block = 'block2_conv1';

/** The teacher with one convolution's output times a factor: a ReLU passes it on. */
async function scaledTeacher(factor: number): Promise<Network> {
  const teacher = await networkOf(vgg());
  const weights = new Map(teacher.weights);
  for (const name of [`${block}/kernel`, `${block}/bias`]) {
    const weight = weights.get(name);
    if (weight !== undefined) {
      weights.set(name, { ...weight, values: weight.values.map((value) => value * factor) });
    }
  }
  return { ...teacher, weights };
}

async function unexplained(factor: number): Promise<number> {
  await using job = await SmallJob.create({
    teacher: await scaledTeacher(factor),
    spec: {
      distill: {
        epochs: 4,
        batchSize: 8,
        learningRate: { initial: 0.01, schedule: 'Constant', warmupSteps: 0 },
      },
    },
  });
  const { reference } = await job.prepare();
  const run = {
    stage: 'Distill',
    unit: 'unit-000',
    attempt: 'a1',
    blocks: [block],
    plan: reference,
  } as const;
  const [result] = ((await job.run(run)) as DistillResult).blocks;
  return result?.unexplainedVariance ?? Number.NaN;
}

test('a block is learnt as well when its activations are a thousand times larger or smaller', async () => {
  const usual = await unexplained(1);
  expect(usual).toBeLessThan(1);
  expect((await unexplained(1000)) / usual).toBeCloseTo(1, 1);
  expect((await unexplained(0.001)) / usual).toBeCloseTo(1, 1);
});

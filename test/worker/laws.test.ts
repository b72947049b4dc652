import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import type { Network } from '../../worker/models/network.ts';
import { inception, resnet, resnetV2, vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from './small-job.ts';

/** What a unit made of its blocks: weights by digest, and every figure that is not a time. */
function outcome(result: DistillResult) {
  return result.blocks.map(({ seconds: _seconds, latency: _latency, weights, ...block }) => ({
    ...block,
    weights: weights?.digest ?? null,
  }));
}

async function distill(
  job: SmallJob,
  unit: string,
  blocks: readonly string[],
  reference: Awaited<ReturnType<SmallJob['prepare']>>['reference'],
) {
  return (await job.run({ stage: 'Distill', unit, attempt: 'a1', blocks, plan: reference })) as DistillResult;
}

/** Enough training that blocks learn, with stops at different epochs, and a collapse in the branching network. */
const training = {
  distill: {
    epochs: 8,
    batchSize: 8,
    learningRate: { initial: 0.02, schedule: 'Constant', warmupSteps: 0 },
    earlyStopping: { patience: 2, minDelta: 0.01 },
  },
} as const;

/** Of all blocks of all cases: the law must hold while neighbours have stopped and others go on. */
const epochs: number[] = [];

const cases: [string, () => Promise<Network>][] = [
  ['VGG, whose blocks end in a ReLU inside a convolution with bias', () => networkOf(vgg())],
  ['a residual network with strided 3x3 convolutions', () => networkOf(resnet('3x3'))],
  ['a pre-activation network, whose blocks end in a convolution or an Add', () => networkOf(resnetV2())],
  ['a branching network', () => networkOf(inception())],
];

describe('the result of a block depends on teacher, data, spec, seed and block alone', () => {
  test.each(cases)('%s: alone or together, the same bits', async (_, teacher) => {
    await using job = await SmallJob.create({ teacher: await teacher(), spec: training });
    const { plan, reference } = await job.prepare();
    const names = plan.blocks.map((block) => block.name);
    const together = outcome(await distill(job, 'unit-all', names, reference));
    const alone = [];
    for (const [index, name] of names.entries()) {
      alone.push(...outcome(await distill(job, `unit-${index}`, [name], reference)));
    }
    expect(alone).toEqual(together);
    expect(together.filter((block) => block.weights !== null).length).toBeGreaterThan(1);
    epochs.push(...together.map((block) => block.epochs));
  });

  test('blocks of one unit do stop at different epochs', () => {
    expect(new Set(epochs).size).toBeGreaterThan(1);
  });

  test('a repeated prepare writes the same plan', async () => {
    await using job = await SmallJob.create({ teacher: await networkOf(resnetV2()) });
    const first = await job.prepare('a1');
    await rm(join(job.exchange, 'prepare/a1/result.json'));
    const second = await job.prepare('a2');
    expect(second.reference.digest).toBe(first.reference.digest);
  });

  test('nothing that an edited manifest may say of the student changes plan or blocks', async () => {
    const teacher = await networkOf(resnetV2());
    const outcomes = [];
    const plans = [];
    for (const edit of [
      {},
      {
        stitch: { maxScoreDrop: 0.01, maxStitchedDrop: 0.01, recalibrationBatches: 3 },
        finetune: { epochs: 0, batchSize: 4, temperature: 9 },
        acceptance: { maxAccuracyDrop: 0 },
        output: { uri: 'file:///tmp/blockstill-elsewhere/student' },
        execution: { device: 'CPU', threads: { prepare: 1, distill: 1, finetune: 2 }, seed: 7 },
      },
    ] as const) {
      await using job = await SmallJob.create({ teacher, spec: edit });
      const { plan, reference } = await job.prepare();
      plans.push(plan);
      const names = plan.blocks.slice(0, 1).map(({ name }) => name);
      outcomes.push(outcome(await distill(job, 'unit-000', names, reference)));
    }
    // The jobs lie in different folders, which the digest of the spec shows.
    expect({ ...plans[1], specDigest: plans[0]?.specDigest }).toEqual(plans[0]);
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test('activations from memory, disk and recomputation give the same bits, with replayed augmentation', async () => {
    const teacher = await networkOf(resnet('3x3'));
    const results = [];
    const tiers = [];
    for (const activationCache of [
      { mode: 'Auto' },
      { mode: 'Auto', memory: '0' },
      { mode: 'Recompute' },
    ] as const) {
      await using job = await SmallJob.create({
        teacher,
        augmentation: { horizontalFlip: true, shiftCrop: 2, passes: 2 },
        spec: {
          ...training,
          execution: {
            device: 'CPU',
            threads: { prepare: 1, distill: 1, finetune: 1 },
            seed: 7,
            activationCache,
          },
        },
      });
      const { plan, reference } = await job.prepare();
      const result = await distill(
        job,
        'unit-000',
        plan.blocks.slice(0, 2).map((block) => block.name),
        reference,
      );
      tiers.push(result.activations);
      results.push(outcome(result));
    }
    expect(tiers).toEqual(['Memory', 'Disk', 'Recompute']);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

describe('a killed worker', () => {
  test('continues to the same bits as one that was left alone, however often it is killed', async () => {
    const teacher = await networkOf(vgg());
    await using job = await SmallJob.create({ teacher, spec: training });
    const { plan, reference } = await job.prepare();
    const blocks = plan.blocks.map((block) => block.name);
    const undisturbed = outcome(await distill(job, 'unit-whole', blocks, reference));
    const run = { stage: 'Distill', unit: 'unit-killed', blocks, plan: reference } as const;
    const environment = { BLOCKSTILL_CHECKPOINT_SECONDS: '0' };
    let kills = 0;
    for (let attempt = 1; attempt <= 4; attempt++) {
      const { process, ended } = await job.start({ ...run, attempt: `a${attempt}`, environment });
      // A progress line of training means that steps, and with them checkpoints, are under way.
      process.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('"Training"')) process.kill('SIGKILL');
      });
      const { code } = await ended;
      if (code === null) kills += 1;
    }
    const result = outcome((await job.run({ ...run, attempt: 'a9' })) as DistillResult);
    expect(kills).toBeGreaterThan(0);
    expect(result).toEqual(undisturbed);
  });

  test('that is told to stop commits a checkpoint, from which the next attempt goes on', async () => {
    const teacher = await networkOf(vgg());
    await using job = await SmallJob.create({
      teacher,
      spec: { distill: { ...training.distill, epochs: 200 } },
    });
    const { plan, reference } = await job.prepare();
    const run = {
      stage: 'Distill',
      unit: 'unit-000',
      blocks: plan.blocks.slice(0, 1).map((block) => block.name),
      plan: reference,
    } as const;
    for (const attempt of ['a1', 'a2']) {
      const { process, ended } = await job.start({ ...run, attempt });
      process.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('"Training"')) process.kill('SIGTERM');
      });
      const { code, stderr } = await ended;
      expect(code).toBe(75);
      await expect(
        stat(join(job.exchange, 'unit-000', attempt, 'checkpoint.safetensors')),
      ).resolves.toBeDefined();
      expect(stderr.includes('Resuming from a checkpoint')).toBe(attempt === 'a2');
    }
  });

  test('that has committed its result is never trained again', async () => {
    const teacher = await networkOf(vgg());
    await using job = await SmallJob.create({ teacher, spec: training });
    const { plan, reference } = await job.prepare();
    const blocks = plan.blocks.slice(0, 1).map((block) => block.name);
    const run = { stage: 'Distill', unit: 'unit-000', blocks, plan: reference } as const;
    const finished = await job.run({ ...run, attempt: 'a1' });
    expect(await job.run({ ...run, attempt: 'a2' })).toEqual(finished);
  });
});

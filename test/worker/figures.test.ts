import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-node-gpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomStream } from '../../common/random.ts';
import type { Plan, PlannedBlock } from '../../worker/contract/plan.ts';
import {
  blockLatencySchema,
  type BlockResult,
  type DistillResult,
  type FinetuneResult,
} from '../../worker/contract/unit-result.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';
import { openDataset, type Dataset, type DatasetSplit } from '../../worker/data/dataset.ts';
import { readSafetensors } from '../../worker/exchange/safetensors.ts';
import { loadNetwork } from '../../worker/models/load.ts';
import type { WeightTensor } from '../../worker/models/network.ts';
import { saveNetwork } from '../../worker/models/save.ts';
import { stitch } from '../../worker/models/stitch.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf, tf } from '../../worker/models/testing/reference.ts';
import { replacementOf } from '../../worker/teacher/replacement-of.ts';
import { SmallJob } from './small-job.ts';

/** Prepare and distill compute their figures in the training graph, in batches; here TensorFlow.js computes them again. */
let job: SmallJob;
let plan: Plan;
let dataset: Dataset;
let teacher: LayersModel;
let planned: PlannedBlock;
let block: BlockResult;
/** The teacher with this one block swapped. */
let swapped: LayersModel;
let swappedOutput: string;
let finetuned: FinetuneResult;

beforeAll(async () => {
  job = await SmallJob.create({
    teacher: await networkOf(decided(vgg())),
    // Validation has 61 samples, a prime number, and no split is a whole number of batches.
    samples: 305,
    spec: {
      storage: { retain: 'Always' },
      distill: {
        epochs: 20,
        batchSize: 16,
        learningRate: { initial: 0.02, warmupSteps: 0 },
      },
      stitch: { maxScoreDrop: 1, recalibrationBatches: 3 },
      // Slow enough that no epoch answers all images rightly.
      finetune: { epochs: 3, batchSize: 16, learningRate: { initial: 0.0002 } },
    },
  });
  const prepared = await job.prepare();
  plan = prepared.plan;
  dataset = await openDataset(join(job.exchange, 'prepare/a1/data'));
  teacher = await modelIn(join(job.exchange, 'prepare/a1/teacher'));
  planned = plan.blocks[0]!;
  const unit = { stage: 'Distill', unit: 'unit-000', attempt: 'a1', blocks: [planned.name] } as const;
  const result = (await job.run({ ...unit, plan: prepared.reference })) as DistillResult;
  block = result.blocks[0]!;
  finetuned = (await job.run({
    stage: 'Finetune',
    unit: 'finetune',
    attempt: 'a1',
    plan: prepared.reference,
    results: [await job.reference('unit-000/a1/result.json')],
  })) as FinetuneResult;

  const spec = JSON.parse(await readFile(join(job.folder, 'specs/unit-000-a1.json'), 'utf8')) as UnitSpec;
  const network = await loadNetwork(join(job.exchange, 'prepare/a1/teacher'));
  const { tensors } = await readSafetensors(join(job.exchange, 'unit-000/a1', block.weights!.path));
  const weights = new Map(
    [...tensors].map(([name, { shape, values }]): [string, WeightTensor] => [
      name,
      { shape, values: Float32Array.from(values) },
    ]),
  );
  const replacement = { ...replacementOf(network, planned, spec.spec), weights };
  const { name, layers, input, output } = planned;
  const student = stitch(network, [
    { block: { name, layers, inputBoundary: input, outputBoundary: output }, network: replacement },
  ]);
  await saveNetwork(student, join(job.folder, 'swapped'));
  swapped = await modelIn(join(job.folder, 'swapped'));
  swappedOutput = `${name}_distilled_${replacement.output}`;
});
afterAll(async () => {
  dataset[Symbol.dispose]();
  await job[Symbol.asyncDispose]();
});

/**
 * Random weights favour one class for all images; without that preference the answers depend on the image. The classes
 * are shifted by one: with a teacher that is better than chance, a block would count as collapsed for its score.
 */
function decided(model: LayersModel): LayersModel {
  const last = model.layers.at(-1)!;
  const stream = randomStream('figures');
  const noise = Float32Array.from({ length: 64 * 16 * 16 * 3 }, () => stream.uniform());
  tf.tidy(() => {
    const features = tf.model({ inputs: model.inputs, outputs: last.input });
    const [kernel, bias] = last.getWeights();
    const mean = (features.predict(tf.tensor(noise, [64, 16, 16, 3])) as typeof kernel)!.mean(0, true);
    const shifted = tf.concat([kernel!.slice([0, 1]), kernel!.slice([0, 0], [-1, 1])], 1);
    last.setWeights([shifted, mean.matMul(shifted).neg().reshape(bias!.shape)]);
  });
  return model;
}

function modelIn(folder: string): Promise<LayersModel> {
  return tf.loadLayersModel(`file://${join(folder, 'model.json')}`);
}

/** All images of a split as the teacher takes them: the records have its size, so they are scaled and nothing else. */
async function imagesOf(split: DatasetSplit): Promise<Float32Array> {
  const bytes = new Uint8Array(split.count * 16 * 16 * 3);
  await split.readRecords(
    Int32Array.from({ length: split.count }, (_, row) => row),
    bytes,
  );
  return Float32Array.from(bytes, (byte) => byte / 255);
}

/** A layer's output for a whole split. */
async function outputOf(
  model: LayersModel,
  layer: string,
  split: DatasetSplit,
): Promise<{ values: Float32Array; channels: number }> {
  const images = await imagesOf(split);
  const outputs = model.getLayer(layer).output as SymbolicTensor;
  const part = tf.model({ inputs: model.inputs, outputs });
  return tf.tidy(() => {
    const output = part.predict(tf.tensor(images, [split.count, 16, 16, 3]));
    if (Array.isArray(output)) throw new Error(`${layer} has several outputs`);
    return { values: output.dataSync<'float32'>(), channels: output.shape.at(-1) ?? 0 };
  });
}

async function answersOf(model: LayersModel, split: DatasetSplit): Promise<number[]> {
  const { values, channels } = await outputOf(model, model.layers.at(-1)!.name, split);
  return Array.from({ length: split.count }, (_, row) => {
    const scores = values.subarray(row * channels, (row + 1) * channels);
    return scores.indexOf(Math.max(...scores));
  });
}

async function top1(model: LayersModel, split: DatasetSplit): Promise<number> {
  const answers = await answersOf(model, split);
  return answers.filter((answer, row) => answer === split.labels![row]).length / split.count;
}

/** The mean over channels of the variance around the channel's mean, in two passes. */
function variance(values: Float32Array, channels: number): number {
  const count = values.length / channels;
  const means = new Float64Array(channels);
  values.forEach((value, index) => (means[index % channels]! += value / count));
  return (
    values.reduce((sum, value, index) => sum + (value - means[index % channels]!) ** 2, 0) / values.length
  );
}

describe('what prepare measures is what plain TensorFlow.js computes', () => {
  test("each block's mean square over the training split", async () => {
    for (const { name, output, meanSquare } of plan.blocks) {
      const { values } = await outputOf(teacher, output, dataset.train);
      const expected = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
      expect(meanSquare / expected, name).toBeCloseTo(1, 4);
    }
  });

  test("the teacher's top-1 on validation and test", async () => {
    expect(dataset.validation.count).toBe(61);
    // One answer to all images would score the same on any of them.
    expect(new Set(await answersOf(teacher, dataset.validation)).size).toBeGreaterThan(1);
    const { validation, test: unseen } = plan.teacher.accuracy;
    expect(validation).toMatchObject({ measure: 'Top1', samples: dataset.validation.count });
    expect(validation?.value).toBe(await top1(teacher, dataset.validation));
    expect(unseen).toMatchObject({ measure: 'Top1', samples: dataset.test!.count });
    expect(unseen?.value).toBe(await top1(teacher, dataset.test!));
  });
});

describe("what distilling measures on a block's committed weights is what plain TensorFlow.js computes", () => {
  test('the unexplained variance: the error over the variance, on validation', async () => {
    const target = await outputOf(teacher, planned.output, dataset.validation);
    const output = await outputOf(swapped, swappedOutput, dataset.validation);
    const squaredErrors = output.values.reduce((sum, value, i) => sum + (value - target.values[i]!) ** 2, 0);
    const meanSquaredError = squaredErrors / target.values.length;
    const expected = meanSquaredError / variance(target.values, target.channels);
    // It has learnt: the share is far from 0 and 1, so a wrong formula shows.
    expect(expected).toBeGreaterThan(0.01);
    expect(expected).toBeLessThan(0.9);
    expect((block.unexplainedVariance ?? Number.NaN) / expected).toBeCloseTo(1, 3);
  });

  test("the score: the teacher's top-1 with this block swapped, on validation", async () => {
    expect(block.score).toMatchObject({ measure: 'Top1', samples: dataset.validation.count });
    expect(block.score?.value).toBe(await top1(swapped, dataset.validation));
    expect(block.score?.value).not.toBe(await top1(teacher, dataset.validation));
  });

  test('and beside it how long inference takes before and after, one image at a time as on any CPU', () => {
    const { batchSize, repeats, teacherMilliseconds, replacementMilliseconds } = blockLatencySchema.parse(
      block.latency,
    );
    expect(batchSize).toBe(1);
    expect(repeats).toBeGreaterThanOrEqual(3);
    // A layer of a small network: what takes a second was not inference.
    expect(Math.max(teacherMilliseconds, replacementMilliseconds)).toBeLessThan(1000);
  });
});

describe('what fine-tuning measures is what plain TensorFlow.js computes', () => {
  const stageOf = (name: string | undefined) =>
    finetuned.student.stages.find(({ stage }) => stage === name)?.accuracy;

  test('the top-1 of the student as it was stitched', async () => {
    expect(stageOf('Stitched')?.validation?.value).toBe(await top1(swapped, dataset.validation));
    expect(stageOf('Stitched')?.test?.value).toBe(await top1(swapped, dataset.test!));
  });

  test('the top-1 of the student that is kept', async () => {
    const student = await modelIn(join(job.exchange, 'finetune/a1/student'));
    const kept = stageOf(finetuned.student.chosen);
    expect(kept?.validation?.value).toBe(await top1(student, dataset.validation));
    expect(kept?.test?.value).toBe(await top1(student, dataset.test!));
  });

  test('the fine-tuned stage is the epoch that is best on validation', () => {
    const epochs = finetuned.history.map(({ validationAccuracy }) => validationAccuracy ?? Number.NaN);
    expect(epochs.length).toBe(3);
    for (const value of epochs) {
      // Shares of 61 validation samples: no share of fewer test samples is one, but for 0 and 1.
      expect(value * 61).toBeCloseTo(Math.round(value * 61), 9);
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
    expect(stageOf('Finetuned')?.validation?.value).toBe(Math.max(...epochs));
  });
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayersModel, Tensor } from '@tensorflow/tfjs-node-gpu';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { randomStream } from '../../common/random.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { npy } from '../../worker/data/sample-files.ts';
import { loadTensorFlow } from '../../worker/tensorflow.ts';
import { blockstill } from './blockstill.ts';
import { upscalerFolder, writeNsfwModel } from './published-teachers.ts';

const { tf } = loadTensorFlow();
/** The classes of nsfwjs, in the order of its outputs. */
const classes = ['drawing', 'hentai', 'neutral', 'porn', 'sexy'];
const storedSize = 112;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstill-teachers-'));
  await writeNsfwModel('mobilenet_v2', join(folder, 'mobilenet'));
  for (const [split, each] of Object.entries({ train: 4, validation: 2, test: 4 }))
    await writeImages(split, each);
  const pixels = randomStream('upscaler images');
  const images = Uint8Array.from({ length: 24 * 20 * 16 * 3 }, () => pixels.below(256));
  await writeFile(join(folder, 'small.npy'), npy('|u1', [24, 20, 16, 3], images));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Noise around a colour that tells the class, as PNG files, which keep every value. */
async function writeImages(split: string, each: number): Promise<void> {
  const stream = randomStream('teacher images', split);
  for (const [label, name] of classes.entries()) {
    await mkdir(join(folder, 'images', split, name), { recursive: true });
    for (let index = 0; index < each; index++) {
      const values = Uint8Array.from(
        { length: storedSize * storedSize * 3 },
        () => 40 * label + stream.below(90),
      );
      await sharp(values, { raw: { width: storedSize, height: storedSize, channels: 3 } })
        .png()
        .toFile(imagePath(split, name, index));
    }
  }
}

function imagePath(split: string, name: string, index: number): string {
  return join(folder, 'images', split, name, `${index}.png`);
}

interface JobFields {
  readonly teacher: string;
  readonly dataset: object;
  readonly strategy?: 'Convolutions' | 'Stages';
  readonly steps?: number;
}

/** Writes a manifest whose limits let every block through that learnt anything at all. */
async function writeJob(
  name: string,
  { teacher, dataset, strategy, steps = 16 }: JobFields,
): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  const job = {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name },
    spec: {
      teacher: { uri: teacher },
      dataset,
      partition: { strategy: strategy ?? 'Convolutions' },
      distill: { steps, batchSize: 8, learningRate: { initial: 0.02 } },
      stitch: { maxScoreDrop: 1, recalibrationBatches: 3 },
      finetune: { epochs: 0 },
      acceptance: { maxAccuracyDrop: 1 },
      output: { uri: `./${name}-student` },
      execution: { device: 'CPU', threads: { prepare: 2, distill: 1, finetune: 2 }, seed: 1 },
    },
  };
  await writeFile(path, stringify(job));
  return path;
}

async function statusOf(manifest: string): Promise<DistillationJobStatus> {
  const { stdout } = await blockstill('status', manifest, '--output', 'json');
  return JSON.parse(stdout) as DistillationJobStatus;
}

async function loadStudent(name: string): Promise<LayersModel> {
  return tf.loadLayersModel(`file://${join(folder, `${name}-student`, 'model.json')}`);
}

const rescale = 1 / 255;
const imageFolders = {
  format: 'ImageFolder',
  train: { uri: './images/train' },
  validation: { uri: './images/validation' },
  test: { uri: './images/test' },
  preprocessing: { resize: 'Bilinear', rescale },
};

/** A test image as the manifest says that the network sees it, by TensorFlow.js alone. */
async function seenByNetwork(path: string): Promise<Tensor> {
  const { data } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const image = tf.tensor3d(Uint8Array.from(data), [storedSize, storedSize, 3], 'float32');
  return tf.image.resizeBilinear(image, [224, 224], false, true).round().mul(rescale);
}

describe('MobileNetV2 of nsfwjs', () => {
  test('in stages becomes a smaller network that answers in TensorFlow.js as the status says', async () => {
    const manifest = await writeJob('mobilenet', {
      teacher: './mobilenet',
      dataset: imageFolders,
      strategy: 'Stages',
    });
    const { code, stderr } = await blockstill('run', manifest);
    const status = await statusOf(manifest);
    expect({ code, phase: status.phase }, stderr).toEqual({ code: 0, phase: 'Complete' });
    // The published network: 300 million multiplications (arXiv 1801.04381, table 4), here with five classes.
    expect(status.teacher?.macs).toBeCloseTo(300e6, -6);
    expect(status.blocks).toHaveLength(7);
    const replaced = status.blocks?.filter((block) => block.replaced === true) ?? [];
    expect(replaced.length).toBeGreaterThan(0);

    const student = await loadStudent('mobilenet');
    expect(student.countParams()).toBe(status.student?.parameters);
    expect(student.countParams()).toBeLessThan(status.teacher?.parameters ?? 0);
    let right = 0;
    for (const [label, name] of classes.entries()) {
      const images = await Promise.all(
        [0, 1, 2, 3].map((index) => seenByNetwork(imagePath('test', name, index))),
      );
      const answers = (student.predict(tf.stack(images)) as Tensor).argMax(-1).dataSync();
      right += answers.filter((answer) => answer === label).length;
    }
    const chosen = status.student?.stages?.find(({ stage }) => stage === status.student?.chosen);
    expect(chosen?.accuracy.test).toMatchObject({ measure: 'Top1', samples: 20 });
    expect(chosen?.accuracy.test?.value).toBeCloseTo(right / 20, 4);
  });

  test('by convolutions is refused, with its only 3x3 convolution and why it stays', async () => {
    const manifest = await writeJob('by-convolutions', { teacher: './mobilenet', dataset: imageFolders });
    const { code, stderr } = await blockstill('validate', manifest);
    expect(code).toBe(64);
    // By hand: Conv1 is 3x3x3 -> 32 with stride 2 on 224x224, 864 weights at 112 x 112 places.
    expect(stderr).toContain('Conv1');
    expect(stderr).toContain('10,838,016 MACs');
    expect(stderr).toContain('not cheaper');
  });

  test('an image that cannot be decoded is bad input that names the file', async () => {
    const damaged = imagePath('damaged', 'sexy', 0);
    await writeImages('damaged', 2);
    await writeFile(damaged, (await readFile(damaged)).subarray(0, 300));
    const dataset = { ...imageFolders, train: { uri: './images/damaged' } };
    const manifest = await writeJob('damaged', { teacher: './mobilenet', dataset, strategy: 'Stages' });
    const { code, stderr } = await blockstill('validate', manifest);
    expect(stderr).toContain(damaged);
    expect(stderr).not.toContain('node:internal');
    expect(code).toBe(64);
  });
});

describe('the upscaler', () => {
  const dataset = { format: 'NPY', train: { uri: './small.npy' }, validation: { fraction: 0.25 } };

  test('takes images of any size, so without one it is refused with the field to set', async () => {
    const manifest = await writeJob('no-size', {
      teacher: upscalerFolder,
      dataset: { ...dataset, preprocessing: { rescale } },
    });
    const { code, stderr } = await blockstill('validate', manifest);
    expect(code).toBe(64);
    expect(stderr).toContain('spec.dataset.preprocessing.image');
  });

  test('without labels is judged by how well its output is imitated', async () => {
    const image = { height: 20, width: 16, channels: 3 };
    const manifest = await writeJob('upscaler', {
      teacher: upscalerFolder,
      dataset: { ...dataset, preprocessing: { rescale, image } },
      steps: 150,
    });
    const { code, stderr } = await blockstill('run', manifest);
    const status = await statusOf(manifest);
    expect({ code, phase: status.phase }, stderr).toEqual({ code: 0, phase: 'Complete' });
    expect(status.teacher?.accuracy?.validation).toBeUndefined();
    expect(status.student?.stages?.[0]?.accuracy.validation).toMatchObject({
      measure: 'Imitation',
      samples: 6,
    });

    const student = await loadStudent('upscaler');
    const output = student.predict(tf.zeros([1, image.height, image.width, 3])) as Tensor;
    expect(output.shape).toEqual([1, 2 * image.height, 2 * image.width, 3]);
    expect(student.countParams()).toBe(status.student?.parameters);
  });
});

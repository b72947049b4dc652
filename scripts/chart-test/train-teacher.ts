import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelledImages } from '../../examples/labelled-images.ts';
import { trainClassifier } from '../../examples/train-classifier.ts';
import { loadNetwork } from '../../worker/models/load.ts';
import type { Network } from '../../worker/models/network.ts';
import { initialWeights } from '../../worker/models/replacement.ts';
import { loadTensorFlow } from '../../worker/tensorflow.ts';

const seed = 1;

/** Trains a small network in the style of VGG (arXiv 1409.1556) with BatchNorm: two of its convolutions can be replaced. */
export async function trainDigitTeacher(data: LabelledImages): Promise<Network> {
  const untrained = await untrainedTeacher(data);
  const weights = initialWeights(untrained, seed, untrained.name);
  return trainClassifier({ ...untrained, weights }, data, { epochs: 30, learningRate: 5e-3, seed });
}

async function untrainedTeacher({ height, width }: LabelledImages): Promise<Network> {
  const { tf } = loadTensorFlow();
  const { layers } = tf;
  const block = (name: string, filters: number, inputShape?: [number, number, number]) => [
    layers.conv2d({
      name: `${name}_conv`,
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false,
      ...(inputShape && { inputShape }),
    }),
    layers.batchNormalization({ name: `${name}_bn`, momentum: 0.9 }),
    layers.reLU({ name: `${name}_relu` }),
  ];
  const model = tf.sequential({
    name: 'digits',
    layers: [
      ...block('stem', 8, [height, width, 1]),
      ...block('block1', 16),
      layers.maxPooling2d({ name: 'pool', poolSize: 2, strides: 2 }),
      ...block('block2', 24),
      layers.globalAveragePooling2d({ name: 'average' }),
      layers.dense({ name: 'classes', units: 10, activation: 'softmax' }),
    ],
  });
  // Blockstill reads models from files, as TensorFlow.js writes them.
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-teacher-'));
  await model.save(`file://${folder.path}`);
  return await loadNetwork(folder.path);
}

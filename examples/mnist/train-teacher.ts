/** Trains the teacher of this example, a small network in the style of VGG (arXiv 1409.1556) with BatchNorm. */
import { join } from 'node:path';
import { loadTensorFlow } from '../../worker/tensorflow.ts';
import { trainTeacher } from '../train-teacher.ts';

const { tf } = loadTensorFlow();
const { layers } = tf;
type Layer = InstanceType<typeof layers.Layer>;

/** A 3x3 convolution, BatchNorm and ReLU: what `partition.strategy: Convolutions` takes as one block. */
function block(name: string, filters: number, inputShape?: [number, number, number]): Layer[] {
  return [
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
}

function pool(name: string): Layer {
  return layers.maxPooling2d({ name, poolSize: 2, strides: 2 });
}

const teacher = tf.sequential({
  name: 'mnist_vgg',
  layers: [
    ...block('stem', 32, [28, 28, 1]),
    pool('pool1'),
    ...block('block1', 64),
    ...block('block2', 64),
    pool('pool2'),
    ...block('block3', 128),
    ...block('block4', 128),
    layers.globalAveragePooling2d({ name: 'average' }),
    layers.dense({ name: 'classes', units: 10, activation: 'softmax' }),
  ],
});

await trainTeacher(teacher, {
  epochs: 4,
  learningRate: 2e-3,
  seed: 1,
  folder: join(import.meta.dirname, 'teacher'),
});

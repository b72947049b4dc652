/** Trains the teacher of this example, a small ResNet (arXiv 1512.03385) on the data of examples/mnist. */
import { join } from 'node:path';
import type { SymbolicTensor } from '@tensorflow/tfjs-node-gpu';
import { loadTensorFlow } from '../../worker/tensorflow.ts';
import { trainTeacher } from '../train-teacher.ts';

const { tf } = loadTensorFlow();
const { layers } = tf;
type Node = SymbolicTensor;

interface Convolution {
  readonly filters: number;
  readonly kernelSize: 1 | 3;
  readonly strides: number;
}

function normalizedConvolution(x: Node, name: string, { filters, kernelSize, strides }: Convolution): Node {
  const convolution = layers.conv2d({
    name: `${name}_conv`,
    filters,
    kernelSize,
    strides,
    padding: 'same',
    useBias: false,
  });
  const normalization = layers.batchNormalization({ name: `${name}_bn`, momentum: 0.9 });
  return normalization.apply(convolution.apply(x)) as Node;
}

function relu(x: Node, name: string): Node {
  return layers.reLU({ name }).apply(x) as Node;
}

/** Two 3x3 convolutions around a skip, which is projected by a 1x1 convolution where the shape changes. */
function residualUnit(x: Node, name: string, filters: number, strides: number): Node {
  const skip =
    strides === 1 ? x : normalizedConvolution(x, `${name}_projection`, { filters, kernelSize: 1, strides });
  let y = normalizedConvolution(x, `${name}_1`, { filters, kernelSize: 3, strides });
  y = relu(y, `${name}_1_relu`);
  y = normalizedConvolution(y, `${name}_2`, { filters, kernelSize: 3, strides: 1 });
  return relu(layers.add({ name: `${name}_add` }).apply([skip, y]) as Node, `${name}_out`);
}

const image = tf.input({ name: 'image', shape: [28, 28, 1] });
let x = relu(normalizedConvolution(image, 'stem', { filters: 24, kernelSize: 3, strides: 1 }), 'stem_relu');
x = layers.maxPooling2d({ name: 'stem_pool', poolSize: 2, strides: 2 }).apply(x) as Node;
x = residualUnit(x, 'stage1_unit1', 24, 1);
x = residualUnit(x, 'stage2_unit1', 48, 2);
x = residualUnit(x, 'stage2_unit2', 48, 1);
x = residualUnit(x, 'stage3_unit1', 64, 2);
x = residualUnit(x, 'stage3_unit2', 64, 1);
const features = layers.globalAveragePooling2d({ name: 'average' }).apply(x);
const classes = layers.dense({ name: 'classes', units: 10, activation: 'softmax' }).apply(features) as Node;

await trainTeacher(tf.model({ name: 'mnist_resnet', inputs: image, outputs: classes }), {
  epochs: 4,
  learningRate: 2e-3,
  seed: 1,
  folder: join(import.meta.dirname, 'teacher'),
});

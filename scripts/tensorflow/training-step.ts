// Run by prove-training.ts in a process of its own: a library that does not fit this machine may end its process.
import type { Rank, Scalar, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { loadTensorFlow } from '../../worker/tensorflow.ts';

const { tf, version, gpu } = loadTensorFlow();

// A 3x3 filter of ones over a 4x4 image of ones in two channels: four outputs of 18. Each weight takes part in all four
// with input 1, so the gradient of their sum is 4 everywhere and one step of 0.25 makes every weight 1 - 0.25 * 4 = 0.
const image: Tensor4D = tf.ones([1, 4, 4, 2]);
const filter = tf.variable<Rank.R4>(tf.ones([3, 3, 2, 1]));
const outputSum = (): Scalar => tf.conv2d(image, filter, 1, 'valid').sum();
const before = tf.train.sgd(0.25).minimize(outputSum, true, [filter])?.dataSync()[0];
const weights = [...filter.dataSync()];

const correct = before === 72 && weights.length === 18 && weights.every((weight) => weight === 0);
process.stdout.write(JSON.stringify({ version, device: gpu ? 'GPU' : 'CPU', correct }));

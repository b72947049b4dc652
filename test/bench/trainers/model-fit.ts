/** Trains the same layers with TensorFlow.js alone: `model.fit` on tensors that stay in memory. */
import { loadTensorFlow } from '../../../worker/tensorflow.ts';
import { serve, trainerOptions } from './serve.ts';

const { channels, size, batchSize, steps } = trainerOptions();
const { tf } = loadTensorFlow();
const { layers } = tf;
const inputShape = [size, size, channels];

const model = tf.sequential();
for (let repeat = 0; repeat < 2; repeat++) {
  model.add(
    layers.separableConv2d({ filters: channels, kernelSize: 3, padding: 'same', useBias: false, inputShape }),
  );
  model.add(layers.batchNormalization({ momentum: 0.9 }));
  model.add(layers.reLU());
}
model.compile({ optimizer: tf.train.adam(0.001), loss: 'meanSquaredError' });
const inputs = tf.relu(tf.randomNormal([steps * batchSize, ...inputShape], 0, 1, 'float32', 1));
const targets = tf.relu(tf.randomNormal([steps * batchSize, ...inputShape], 0, 1, 'float32', 2));

await serve(() => model.fit(inputs, targets, { batchSize, epochs: 1, shuffle: false, verbose: 0 }));

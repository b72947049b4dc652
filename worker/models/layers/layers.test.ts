import type { layers as TfjsLayers, SymbolicTensor, Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, test } from 'vitest';
import { networkFromJson } from '../load.ts';
import {
  graphOutput,
  networkOf,
  randomInputs,
  randomiseWeights,
  relativeDifference,
  tf,
} from '../testing/reference.ts';

type Layer = ReturnType<typeof TfjsLayers.dense>;

const { layers } = tf;
const batch = 2;

/** Layers that TensorFlow.js computes as Keras does, on one input. */
const onOneInput: Record<string, { layer: () => unknown; shape?: number[] }> = {
  'Conv2D with dilation': {
    layer: () => layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  },
  'Conv2D with an even kernel, padded': {
    layer: () => layers.conv2d({ filters: 3, kernelSize: [2, 4], padding: 'same' }),
  },
  'Conv2D with unequal strides': {
    layer: () => layers.conv2d({ filters: 3, kernelSize: 3, strides: [2, 1], padding: 'same' }),
  },
  'DepthwiseConv2D with a multiplier': {
    layer: () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2 }),
  },
  'SeparableConv2D with strides': {
    layer: () => layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same' }),
  },
  'SeparableConv2D with dilation': {
    layer: () => layers.separableConv2d({ filters: 5, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  },
  'Dense on an image': { layer: () => layers.dense({ units: 3, activation: 'tanh' }) },
  'BatchNormalization without gain and shift': {
    layer: () => layers.batchNormalization({ center: false, scale: false }),
  },
  'BatchNormalization of features': { layer: () => layers.batchNormalization({}), shape: [6] },
  ReLU: { layer: () => layers.reLU({}) },
  'ReLU with a maximum': { layer: () => layers.reLU({ maxValue: 1.5 }) },
  LeakyReLU: { layer: () => layers.leakyReLU({ alpha: 0.1 }) },
  PReLU: { layer: () => layers.prelu({}) },
  'PReLU with shared axes': { layer: () => layers.prelu({ sharedAxes: [1, 2] }) },
  ELU: { layer: () => layers.elu({}) },
  Softmax: { layer: () => layers.softmax({ axis: -1 }) },
  GlobalMaxPooling2D: { layer: () => layers.globalMaxPooling2d({}) },
  'AveragePooling2D with padding': {
    layer: () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  },
  'MaxPooling2D with padding': {
    layer: () => layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  },
  Cropping2D: { layer: () => layers.cropping2D({ cropping: [[1, 2], [0, 1]] }) }, // prettier-ignore
  'UpSampling2D, nearest': { layer: () => layers.upSampling2d({ size: [2, 3] }) },
  'UpSampling2D, bilinear': { layer: () => layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }) },
  'Reshape with an open side': { layer: () => layers.reshape({ targetShape: [7, -1] }) },
  GaussianNoise: { layer: () => layers.gaussianNoise({ stddev: 1 }) },
  ...Object.fromEntries(
    (
      [
        'elu',
        'hardSigmoid',
        'linear',
        'relu',
        'relu6',
        'selu',
        'sigmoid',
        'softmax',
        'softplus',
        'tanh',
        'swish',
      ] as const
    ).map((activation) => [`Activation ${activation}`, { layer: () => layers.activation({ activation }) }]),
  ),
};

describe('one layer', () => {
  test.each(Object.entries(onOneInput))(
    '%s gives what TensorFlow.js gives',
    async (_name, { layer, shape = [7, 8, 6] }) => {
      const input = tf.input({ shape, name: 'image' });
      const model = randomiseWeights(
        tf.model({ inputs: input, outputs: (layer() as Layer).apply(input) as SymbolicTensor }),
      );
      const network = await networkOf(model);
      const inputs = randomInputs(network, batch);
      const expected = (model.predict(tf.tensor(inputs, [batch, ...shape])) as Tensor).dataSync<'float32'>();
      expect(relativeDifference(graphOutput(network, inputs, batch), expected)).toBeLessThan(1e-5);
    },
  );

  test.each(['add', 'multiply', 'maximum', 'minimum', 'average', 'concatenate'] as const)(
    'merging by %s gives what TensorFlow.js gives',
    async (merge) => {
      const input = tf.input({ shape: [4, 4, 2], name: 'image' });
      const other = ['tanh', 'softplus'].map(
        (activation) =>
          layers.activation({ activation: activation as 'tanh' }).apply(input) as SymbolicTensor,
      );
      const model = tf.model({
        inputs: input,
        outputs: layers[merge]().apply([input, ...other]) as SymbolicTensor,
      });
      const network = await networkOf(model);
      const inputs = randomInputs(network, batch);
      const expected = (model.predict(tf.tensor(inputs, [batch, 4, 4, 2])) as Tensor).dataSync<'float32'>();
      expect(relativeDifference(graphOutput(network, inputs, batch), expected)).toBeLessThan(1e-6);
    },
  );
});

/** A network of one Keras layer on inputs `[batch, 1, 1, channels]`. */
async function keras(
  layer: { className: string; config: Record<string, unknown>; uses?: number },
  inputs: readonly number[],
  weights: Readonly<Record<string, readonly number[]>> = {},
): Promise<number[]> {
  const node = Array.from({ length: layer.uses ?? 1 }, () => ['image', 0, 0, {}]);
  const network = await networkFromJson(
    {
      modelTopology: {
        class_name: 'Functional',
        config: {
          name: 'net',
          layers: [
            {
              class_name: 'InputLayer',
              name: 'image',
              config: { batch_input_shape: [null, 1, 1, inputs.length] },
              inbound_nodes: [],
            },
            { class_name: layer.className, name: 'layer', config: layer.config, inbound_nodes: [node] },
          ],
          input_layers: [['image', 0, 0]],
          output_layers: [['layer', 0, 0]],
        },
      },
      weightsManifest: [
        {
          paths: ['w'],
          weights: Object.entries(weights).map(([name, values]) => ({
            name: `layer/${name}`,
            shape: [values.length],
            dtype: 'float32',
          })),
        },
      ],
    },
    () => Promise.resolve(new Uint8Array(Float32Array.from(Object.values(weights).flat()).buffer)),
  );
  return [...(graphOutput(network, Float32Array.from(inputs), 1) ?? [])];
}

describe('what Keras has and TensorFlow.js has not', () => {
  test('a ReLU with slope, threshold and maximum', async () => {
    // Keras: max_value above it, x from the threshold on, slope * (x - threshold) below.
    const config = { max_value: 3, negative_slope: 0.5, threshold: 1 };
    expect(await keras({ className: 'ReLU', config }, [-1, 0.5, 2, 5])).toEqual([-1, -0.25, 2, 3]);
    expect(await keras({ className: 'ReLU', config: { negative_slope: 0.25 } }, [-4, 4])).toEqual([-1, 4]);
  });

  test('Normalization by its weights or by its config', async () => {
    // (5 - 1) / sqrt(4) and (6 - 2) / sqrt(16).
    const mean = [1, 2];
    const variance = [4, 16];
    expect(
      await keras({ className: 'Normalization', config: { axis: -1 } }, [5, 6], { mean, variance }),
    ).toEqual([2, 1]);
    expect(
      await keras({ className: 'Normalization', config: { axis: [3], mean, variance } }, [5, 6]),
    ).toEqual([2, 1]);
  });

  test('Rescaling by channel', async () => {
    expect(
      await keras({ className: 'Rescaling', config: { scale: [2, 4], offset: [1, 0] } }, [5, 6]),
    ).toEqual([11, 24]);
  });

  test('Subtract', async () => {
    expect(await keras({ className: 'Subtract', config: {}, uses: 2 }, [5, 6])).toEqual([0, 0]);
  });
});

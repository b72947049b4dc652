import { describe, expect, test } from 'vitest';
import {
  conv1x1,
  float32,
  floats,
  functional,
  inputLayer,
  layer,
  load,
  modelJson,
  type Json,
} from './testing/model-json.ts';

describe('reading topologies', () => {
  test('a Sequential without InputLayer takes the shape from its first layer', async () => {
    const topology = {
      class_name: 'Sequential',
      config: [
        { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 3, 1] } },
        { class_name: 'Dense', config: { name: 'dense', units: 2, use_bias: false } },
      ],
    };
    const network = await load(
      modelJson({ model_config: topology }, [float32('dense/kernel', [6, 2])]),
      floats(...Array(12).keys()),
    );
    expect(network.layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
      ['flat_input', [2, 3, 1]],
      ['flat', [6]],
      ['dense', [2]],
    ]);
    expect(network.weights.get('dense/kernel')?.values).toEqual(Float32Array.from(Array(12).keys()));
  });

  test('Keras 3 forms of shapes, references, activations and weight names are understood', async () => {
    const tensor = (name: string): Json => ({
      class_name: '__keras_tensor__',
      config: { shape: [], keras_history: [name, 0, 0] },
    });
    const topology = {
      class_name: 'Functional',
      config: {
        name: 'net',
        layers: [
          {
            module: 'keras.layers',
            class_name: 'InputLayer',
            name: 'image',
            config: { batch_shape: [null, 4, 4, 2], dtype: 'float32' },
            inbound_nodes: [],
          },
          {
            module: 'keras.layers',
            class_name: 'DepthwiseConv2D',
            name: 'depthwise',
            config: {
              kernel_size: 1,
              use_bias: false,
              activation: { module: 'builtins', class_name: 'function', config: 'silu' },
              dtype: { class_name: 'DTypePolicy', config: { name: 'float32' } },
            },
            build_config: { input_shape: [null, 4, 4, 2] },
            inbound_nodes: [{ args: [tensor('image')], kwargs: { mask: null } }],
          },
          {
            module: 'keras.layers',
            class_name: 'Add',
            name: 'sum',
            config: {},
            inbound_nodes: [{ args: [[tensor('image'), tensor('depthwise')]], kwargs: {} }],
          },
        ],
        input_layers: ['image', 0, 0],
        output_layers: ['sum', 0, 0],
      },
    };
    const network = await load(
      modelJson(topology, [float32('functional/depthwise/kernel', [1, 1, 2, 1])]),
      floats(3, 4),
    );
    expect(network.layers.at(-1)?.inputs).toEqual(['image', 'depthwise']);
    expect(network.layers[1]).toMatchObject({ config: { activation: 'swish', kernelSize: [1, 1] } });
    expect(network.weights.get('depthwise/depthwise_kernel')?.values).toEqual(Float32Array.of(3, 4));
  });

  test('a model within a model is flattened under its name', async () => {
    const inner = { ...functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv') };
    const nested = { ...layer('Functional', 'backbone', ['image']), config: inner['config'] as Json };
    const topology = functional([inputLayer(), layer('Flatten', 'flat', ['backbone']), nested], 'flat');
    const network = await load(modelJson(topology, [float32('conv/kernel', [1, 1, 1, 1])]), floats(2));
    expect(network.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['image', []],
      ['backbone_conv', ['image']],
      ['flat', ['backbone_conv']],
    ]);
    expect([...network.weights.keys()]).toEqual(['backbone_conv/kernel']);
  });

  test('open sides of the input are filled in by the caller', async () => {
    const topology = functional(
      [inputLayer([null, null, null, 1]), layer('Flatten', 'flat', ['image'])],
      'flat',
    );
    expect((await load(modelJson(topology), floats(), [3, 5, 1])).layers.at(-1)?.outputShape).toEqual([15]);
    await expect(load(modelJson(topology))).rejects.toMatchObject({ code: 'model/unknown-input-shape' });
    await expect(load(modelJson(topology), floats(), [3, 5, 3])).rejects.toMatchObject({
      code: 'model/input-shape',
    });
  });

  test('layers that do not lead to the output are left out', async () => {
    const topology = functional(
      [inputLayer(), layer('Flatten', 'flat', ['image']), layer('Flatten', 'unused', ['image'])],
      'flat',
    );
    expect((await load(modelJson(topology))).layers.map(({ name }) => name)).toEqual(['image', 'flat']);
  });
});

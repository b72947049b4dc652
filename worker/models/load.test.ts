import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadNetwork, networkFromJson } from './load.ts';

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'blockstill-models-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

type Json = Record<string, unknown>;

const inputLayer = (shape: readonly (number | null)[] = [null, 4, 4, 1]): Json => ({
  class_name: 'InputLayer',
  name: 'image',
  config: { name: 'image', batch_input_shape: shape },
  inbound_nodes: [],
});

const layer = (className: string, name: string, inputs: readonly string[], config: Json = {}): Json => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
});

const functional = (layers: readonly Json[], output: string): Json => ({
  class_name: 'Functional',
  config: { name: 'net', layers, input_layers: [['image', 0, 0]], output_layers: [[output, 0, 0]] },
});

const modelJson = (topology: Json, weights: readonly Json[] = [], paths = ['w.bin']): Json => ({
  modelTopology: topology,
  weightsManifest: [{ paths, weights }],
});

const float32 = (name: string, shape: readonly number[]): Json => ({ name, shape, dtype: 'float32' });

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

const load = (json: Json, shard: Uint8Array = new Uint8Array(), inputShape?: readonly number[]) =>
  networkFromJson(json, () => Promise.resolve(shard), { inputShape });

const conv1x1 = { filters: 1, kernel_size: [1, 1], use_bias: false };

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

describe('decoding weights', () => {
  const dense = functional(
    [inputLayer([null, 2]), layer('Dense', 'dense', ['image'], { units: 2, use_bias: false })],
    'dense',
  );
  const kernel = (entry: Json) => [{ name: 'dense/kernel', shape: [2, 2], dtype: 'float32', ...entry }];

  test.each([
    // 1, -2, 0.5, 2^-24 in IEEE 754 binary16.
    [
      'float16',
      { quantization: { dtype: 'float16' } },
      [0x3c00, 0xc000, 0x3800, 0x0001],
      [1, -2, 0.5, 2 ** -24],
    ],
    [
      'uint16',
      { quantization: { dtype: 'uint16', scale: 0.5, min: -1 } },
      [0, 1, 2, 65535],
      [-1, -0.5, 0, 32766.5],
    ],
  ])('reads %s', async (_name, entry, stored, expected) => {
    const network = await load(
      modelJson(dense, kernel(entry)),
      new Uint8Array(Uint16Array.from(stored).buffer),
    );
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual(expected);
  });

  test('reads uint8 quantisation', async () => {
    const entry = { quantization: { dtype: 'uint8', scale: 2, min: -10 } };
    const network = await load(modelJson(dense, kernel(entry)), Uint8Array.of(0, 5, 10, 255));
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual([-10, 0, 10, 500]);
  });

  test('joins a group over several shards, cut anywhere', async () => {
    const bytes = floats(1, 2, 3, 4);
    const shards: Record<string, Uint8Array> = { a: bytes.subarray(0, 5), b: bytes.subarray(5) };
    const json = modelJson(dense, kernel({}), ['a', 'b']);
    const network = await networkFromJson(json, (path) => Promise.resolve(shards[path] ?? new Uint8Array()));
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual([1, 2, 3, 4]);
  });
});

describe('refusing models', () => {
  const flat = layer('Flatten', 'flat', ['image']);
  const cases: Record<string, { json: Json; code: string; says: string; shard?: Uint8Array }> = {
    'a GraphModel': {
      json: { format: 'graph-model', modelTopology: {}, weightsManifest: [] },
      code: 'model/graph-model',
      says: 'GraphModel',
    },
    'an unsupported layer': {
      json: modelJson(functional([inputLayer(), layer('LSTM', 'memory', ['image'])], 'memory')),
      code: 'model/unsupported-layer',
      says: '"memory" is a LSTM',
    },
    'a layer that is used twice': {
      json: modelJson(
        functional(
          [
            inputLayer(),
            flat,
            { ...flat, name: 'twice', inbound_nodes: [[['flat', 0, 0, {}]], [['image', 0, 0, {}]]] },
          ],
          'twice',
        ),
      ),
      code: 'model/shared-layer',
      says: '"twice" is used 2 times',
    },
    'two outputs': {
      json: modelJson({
        class_name: 'Model',
        config: {
          ...(functional([inputLayer(), flat], 'flat')['config'] as Json),
          output_layers: [
            ['flat', 0, 0],
            ['image', 0, 0],
          ],
        },
      }),
      code: 'model/outputs',
      says: '(flat, image)',
    },
    'two inputs': {
      json: modelJson({
        class_name: 'Model',
        config: {
          ...(functional([inputLayer(), flat], 'flat')['config'] as Json),
          input_layers: [
            ['image', 0, 0],
            ['other', 0, 0],
          ],
        },
      }),
      code: 'model/inputs',
      says: '(image, other)',
    },
    'a circle': {
      json: modelJson(
        functional(
          [
            inputLayer(),
            layer('Add', 'a', ['image', 'b']),
            layer('Activation', 'b', ['a'], { activation: 'relu' }),
          ],
          'b',
        ),
      ),
      code: 'model/cycle',
      says: 'form a circle',
    },
    'a layer that reads what does not exist': {
      json: modelJson(functional([inputLayer(), layer('Flatten', 'flat', ['ghost'])], 'flat')),
      code: 'model/unknown-layer',
      says: '"flat" reads "ghost"',
    },
    'two layers of one name': {
      json: modelJson(functional([inputLayer(), flat, flat], 'flat')),
      code: 'model/duplicate-layer',
      says: '"flat"',
    },
    'grouped convolutions': {
      json: modelJson(
        functional([inputLayer(), layer('Conv2D', 'conv', ['image'], { ...conv1x1, groups: 2 })], 'conv'),
      ),
      code: 'model/layer-config',
      says: 'grouped convolutions',
    },
    'the hard_sigmoid of Keras 3': {
      json: modelJson({
        keras_version: '3.5.0',
        model_config: functional(
          [inputLayer(), layer('Activation', 'gate', ['image'], { activation: 'hard_sigmoid' })],
          'gate',
        ),
      }),
      code: 'model/layer-config',
      says: '"gate" uses the hard_sigmoid of Keras 3',
    },
    'lists nested without end': {
      json: modelJson(
        functional(
          [
            inputLayer(),
            { ...flat, inbound_nodes: JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown },
          ],
          'flat',
        ),
      ),
      code: 'model/inputs',
      says: 'it has 0',
    },
    'channels first': {
      json: modelJson(
        functional(
          [inputLayer(), layer('Conv2D', 'conv', ['image'], { ...conv1x1, data_format: 'channels_first' })],
          'conv',
        ),
      ),
      code: 'model/layer-config',
      says: 'channels_last',
    },
    'a tensor that is too large': {
      json: modelJson(functional([inputLayer([null, 100_000, 100_000, 1]), flat], 'flat')),
      code: 'model/too-large',
      says: '100000',
    },
    'a window larger than its input': {
      json: modelJson(
        functional([inputLayer(), layer('MaxPooling2D', 'pool', ['image'], { pool_size: [5, 5] })], 'pool'),
      ),
      code: 'model/layer-input',
      says: 'does not fit',
    },
    'a weight that is missing': {
      json: modelJson(functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv')),
      code: 'model/missing-weight',
      says: '"kernel"',
    },
    'a weight of another shape': {
      json: modelJson(functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv'), [
        float32('conv/kernel', [1, 1, 2, 1]),
      ]),
      code: 'model/weight-shape',
      says: 'must be [1, 1, 1, 1] and is [1, 1, 2, 1]',
      shard: floats(1, 2),
    },
    'a weight that is not finite': {
      json: modelJson(functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv'), [
        float32('conv/kernel', [1, 1, 1, 1]),
      ]),
      code: 'model/weight-not-finite',
      says: 'NaN',
      shard: floats(NaN),
    },
    'a truncated shard': {
      json: modelJson(functional([inputLayer(), flat], 'flat'), [float32('x', [1000, 1000, 1000, 1000])]),
      code: 'model/shard-length',
      says: '4000000000000 bytes and the file holds 0',
    },
    'something else altogether': { json: { hello: 'world' }, code: 'model/format', says: 'modelTopology' },
    'a subclassed model': {
      json: modelJson({ class_name: 'MyModel', config: {} }),
      code: 'model/topology',
      says: 'class_name',
    },
  };

  test.each(Object.entries(cases))('%s', async (_name, { json, code, says, shard }) => {
    const loaded = load(json, shard);
    await expect(loaded).rejects.toMatchObject({ code });
    await expect(loaded).rejects.toThrow(says);
  });
});

describe('reading files', () => {
  const topology = functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv');
  const weights = [float32('conv/kernel', [1, 1, 1, 1])];

  test('a folder stands for the model.json in it', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await writeFile(join(folder.path, 'w.bin'), floats(7));
    const fromFolder = await loadNetwork(folder.path);
    const fromFile = await loadNetwork(join(folder.path, 'model.json'));
    expect(fromFolder.weights).toEqual(fromFile.weights);
  });

  test.each(['../w.bin', '/etc/passwd', 'a/../../w.bin', '..\\w.bin', 'C:\\w.bin'])(
    'a shard path may not leave the folder: %s',
    async (path) => {
      await using folder = await temporaryFolder();
      await mkdir(join(folder.path, 'model'));
      await writeFile(join(folder.path, 'w.bin'), floats(7));
      await writeFile(
        join(folder.path, 'model', 'model.json'),
        JSON.stringify(modelJson(topology, weights, [path])),
      );
      await expect(loadNetwork(join(folder.path, 'model'))).rejects.toMatchObject({
        code: 'model/shard-path',
      });
    },
  );

  test('missing models, missing shards and broken JSON are told apart', async () => {
    await using folder = await temporaryFolder();
    await expect(loadNetwork(join(folder.path, 'nowhere'))).rejects.toMatchObject({
      code: 'model/not-found',
    });
    await writeFile(join(folder.path, 'model.json'), '{');
    await expect(loadNetwork(folder.path)).rejects.toMatchObject({ code: 'model/not-json' });
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await expect(loadNetwork(folder.path)).rejects.toMatchObject({ code: 'model/shard-missing' });
  });

  test('a digest that does not fit is refused', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await writeFile(join(folder.path, 'w.bin'), floats(7));
    await expect(loadNetwork(folder.path, { digest: 'sha256:00' })).rejects.toMatchObject({
      code: 'model/changed',
    });
  });
});

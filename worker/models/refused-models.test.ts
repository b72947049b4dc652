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

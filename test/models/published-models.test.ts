import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, test } from 'vitest';
import { costOf } from '../../worker/models/cost.ts';
import { findBlocks } from '../../worker/models/find-blocks.ts';
import { loadNetwork, networkFromJson } from '../../worker/models/load.ts';
import { inputShapeOf, type Network } from '../../worker/models/network.ts';
import { graphOutput, randomInputs, relativeDifference, tf } from '../../worker/models/testing/reference.ts';

const require = createRequire(import.meta.url);
const batch = 2;

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: never[] }[];
}

/** Models that nsfwjs keeps as modules: the topology as an object, the shards as base64. */
function nsfwModel(name: string): { json: ModelJson; shards: ReadonlyMap<string, Uint8Array> } {
  const folder = join(dirname(require.resolve('nsfwjs/package.json')), 'dist', 'models', name);
  const read = (file: string): unknown => {
    const content = require(join(folder, file)) as { default?: unknown };
    return content.default ?? content;
  };
  const shards = readdirSync(folder)
    .filter((file) => file.startsWith('group1'))
    .map((file) => [file.replace('.min.js', ''), Buffer.from(read(file) as string, 'base64')] as const);
  return { json: read('model.min.js') as ModelJson, shards: new Map(shards) };
}

async function predictWithTfjs(
  artifacts: { json: ModelJson; data: Uint8Array },
  inputs: Tensor,
): Promise<Float32Array> {
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: artifacts.json.modelTopology,
      weightSpecs: artifacts.json.weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(artifacts.data).buffer,
    }),
  );
  return (model.predict(inputs) as Tensor).dataSync<'float32'>();
}

function inputsOf(network: Network): { values: Float32Array; tensor: Tensor } {
  const values = randomInputs(network, batch);
  return { values, tensor: tf.tensor(values, [batch, ...inputShapeOf(network)]) };
}

describe('published models', () => {
  test.each([
    // Layers and parameters as TensorFlow.js counts them; the only 3x3 Conv2D of MobileNetV2 is the first.
    ['mobilenet_v2', { layers: 162, parameters: 2_621_957, candidates: 1 }],
    ['inception_v3', { layers: 318, parameters: 22_394_405, candidates: 17 }],
  ])('%s from nsfwjs gives what TensorFlow.js gives', async (name, expected) => {
    const { json, shards } = nsfwModel(name);
    const network = await networkFromJson(json, (path) =>
      Promise.resolve(shards.get(path) ?? new Uint8Array()),
    );
    const { values, tensor } = inputsOf(network);
    const paths = json.weightsManifest.flatMap((group) => group.paths);
    const data = Buffer.concat(paths.map((path) => shards.get(path) ?? new Uint8Array()));
    const reference = await predictWithTfjs({ json, data }, tensor);
    expect(relativeDifference(graphOutput(network, values, batch), reference)).toBeLessThan(1e-4);
    expect(network.layers).toHaveLength(expected.layers);
    expect(costOf(network).parameters).toBe(expected.parameters);
  });

  test('the upscaling model gives what TensorFlow.js gives, at the size that the caller names', async () => {
    const file = require.resolve('@upscalerjs/default-model/package.json');
    const path = join(dirname(file), 'models', 'model.json');
    const network = await loadNetwork(path, { inputShape: [24, 20, 3] });
    const { values, tensor } = inputsOf(network);
    const model = await tf.loadLayersModel(`file://${path}`);
    const reference = (model.predict(tensor) as Tensor).dataSync<'float32'>();
    expect(relativeDifference(graphOutput(network, values, batch), reference)).toBeLessThan(1e-4);
    const { blocks, kept } = findBlocks(network, { strategy: 'Convolutions' });
    console.log(
      blocks.map(({ block }) => block.name),
      kept,
    );
  });
});

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LayersModel, Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, test } from 'vitest';
import { elementCount } from '../../worker/graph/tensor.ts';
import { convolutionBlocks } from '../../worker/models/convolution-blocks.ts';
import { costOf } from '../../worker/models/cost.ts';
import { findBlocks } from '../../worker/models/find-blocks.ts';
import { initialWeights } from '../../worker/models/replacement.ts';
import { loadNetwork, networkFromJson } from '../../worker/models/load.ts';
import { inputShapeOf, type Network } from '../../worker/models/network.ts';
import { graphOutput, randomInputs, relativeDifference, tf } from '../../worker/models/testing/reference.ts';

const require = createRequire(import.meta.url);
const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
const batch = 2;

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: never[] }[];
}

/** Models that nsfwjs keeps as modules: the topology as an object, the shards as base64. */
function nsfwModel(name: string): { json: ModelJson; shards: ReadonlyMap<string, Uint8Array> } {
  const folder = join(packages, 'nsfwjs', 'dist', 'models', name);
  const read = (file: string): unknown => {
    const content = require(join(folder, file)) as { default?: unknown };
    return content.default ?? content;
  };
  const shards = readdirSync(folder)
    .filter((file) => file.startsWith('group1'))
    .map((file) => [file.replace('.min.js', ''), Buffer.from(read(file) as string, 'base64')] as const);
  return { json: read('model.min.js') as ModelJson, shards: new Map(shards) };
}

async function tfjsModel(json: ModelJson, data: Uint8Array): Promise<LayersModel> {
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
      weightData: new Uint8Array(data).buffer,
    }),
  );
}

/** The names of the 3x3 convolutions, as TensorFlow.js knows them. */
function convolutionNames(model: LayersModel): string[] {
  return model.layers
    .filter(
      (layer) =>
        layer.getClassName() === 'Conv2D' && JSON.stringify(layer.getConfig()['kernelSize']) === '[3,3]',
    )
    .map((layer) => layer.name);
}

function inputsOf(network: Network): { values: Float32Array; tensor: Tensor } {
  const values = randomInputs(network, batch);
  return { values, tensor: tf.tensor(values, [batch, ...inputShapeOf(network)]) };
}

describe('published models', () => {
  test.each(['mobilenet_v2', 'inception_v3'])(
    '%s from nsfwjs gives what TensorFlow.js gives',
    async (name) => {
      const { json, shards } = nsfwModel(name);
      const shard = (path: string): Uint8Array => shards.get(path) ?? new Uint8Array();
      const network = await networkFromJson(json, (path) => Promise.resolve(shard(path)));
      const { values, tensor } = inputsOf(network);
      const model = await tfjsModel(
        json,
        Buffer.concat(json.weightsManifest.flatMap(({ paths }) => paths.map(shard))),
      );
      const reference = (model.predict(tensor) as Tensor).dataSync<'float32'>();
      expect(relativeDifference(graphOutput(network, values, batch), reference)).toBeLessThan(1e-4);
      expect(costOf(network).parameters).toBe(model.countParams());
      expect(convolutionBlocks(network).map((block) => block.name)).toEqual(convolutionNames(model));
    },
  );

  test('the stages of InceptionV3 that reduce without padding have replacements of exactly their shape', async () => {
    const { json, shards } = nsfwModel('inception_v3');
    const network = await networkFromJson(json, async (path) => shards.get(path) ?? new Uint8Array());
    const { blocks } = findBlocks(network, { strategy: 'Stages' }, { repeats: 1 });
    const reducing = blocks.filter(({ block }) => ['mixed7', 'mixed8'].includes(block.outputBoundary));
    expect(reducing.map(({ block }) => [...block.inputShape, ...block.outputShape])).toEqual([
      [35, 35, 288, 17, 17, 768],
      [17, 17, 768, 8, 8, 1280],
    ]);
    // A separable convolution multiplies 9 times a channel and then channels by channels, at each pixel that comes out.
    // Of five mixed layers three units are left, of one one.
    const separable = (pixels: number, from: number, to: number): number => pixels * (9 * from + from * to);
    expect(reducing.map(({ replacement }) => replacement.cost.macs)).toEqual([
      separable(17 * 17, 288, 768) + 2 * separable(17 * 17, 768, 768),
      separable(8 * 8, 768, 1280),
    ]);
    for (const { block, replacement } of reducing) {
      const weights = initialWeights(replacement.network, 0, block.name);
      const values = randomInputs(replacement.network, batch);
      const output = graphOutput({ ...replacement.network, weights }, values, batch);
      expect(output?.length).toBe(batch * elementCount(block.outputShape));
    }
  });

  test('the upscaling model gives what TensorFlow.js gives, at the size that the caller names', async () => {
    const path = join(packages, '@upscalerjs', 'default-model', 'models', 'model.json');
    const network = await loadNetwork(path, { inputShape: [24, 20, 3] });
    const { values, tensor } = inputsOf(network);
    const model = await tf.loadLayersModel(`file://${path}`);
    const reference = (model.predict(tensor) as Tensor).dataSync<'float32'>();
    expect(relativeDifference(graphOutput(network, values, batch), reference)).toBeLessThan(1e-4);
    const { blocks, kept } = findBlocks(network, { strategy: 'Convolutions' });
    // Three colours to 64 channels: too few to gain from.
    expect(kept.map(({ name }) => name)).toEqual(['F_m1']);
    const found = [...kept.map(({ name }) => name), ...blocks.map(({ block }) => block.name)];
    expect(found.sort()).toEqual(convolutionNames(model).sort());
  });
});

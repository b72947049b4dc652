import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, test } from 'vitest';
import { BlockstillError } from '../../common/error.ts';
import { findBlocks, type Partition } from './find-blocks.ts';
import { loadNetwork } from './load.ts';
import { logitsOf } from './logits.ts';
import { inputShapeOf, layerOf, type Network } from './network.ts';
import { initialWeights } from './replacement.ts';
import { saveNetwork } from './save.ts';
import { stitch } from './stitch.ts';
import { families, inception, resnet, vgg, type Family } from './testing/families.ts';
import { mobilenet } from './testing/mobile-families.ts';
import { graphOutput, networkOf, randomInputs, relativeDifference, tf } from './testing/reference.ts';
import { convolutionSketch, networkOfSketches } from './testing/sketches.ts';

const batch = 2;

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'blockstill-models-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The network with every replaceable block replaced by fresh layers. */
function replaceAll(network: Network, strategy: Partition['strategy']): Network {
  const { blocks } = findBlocks(network, { strategy });
  const parts = blocks.map(({ block, replacement }) => ({
    block,
    network: { ...replacement.network, weights: initialWeights(replacement.network, 1, block.name) },
  }));
  return stitch(network, parts);
}

async function tfjsOutput(folder: string, network: Network): Promise<Float32Array> {
  const model = await tf.loadLayersModel(`file://${folder}/model.json`);
  const inputs = tf.tensor(randomInputs(network, batch), [batch, ...inputShapeOf(network)]);
  return (model.predict(inputs) as Tensor).dataSync<'float32'>();
}

describe('stitching', () => {
  test('puts replacements between the layers around their blocks', async () => {
    const network = await networkOf(resnet('3x3'));
    const stitched = replaceAll(network, 'Convolutions');
    expect(layerOf(stitched, 'conv3_block1_2_conv_distilled_separable1').inputs).toEqual([
      'conv3_block1_1_relu',
    ]);
    expect(layerOf(stitched, 'conv3_block1_3_conv').inputs).toEqual([
      'conv3_block1_2_conv_distilled_separable2_activation',
    ]);
    expect(stitched.layers.some(({ name }) => name === 'conv3_block1_2_conv')).toBe(false);
    expect(stitched.weights.has('conv3_block1_2_conv_distilled_separable1/depthwise_kernel')).toBe(true);
    expect(stitched.weights.has('conv3_block1_2_conv/kernel')).toBe(false);
  });

  test('gives the teacher again when every replacement is a copy of its block', async () => {
    const network = await networkOf(inception());
    const { blocks } = findBlocks(network, { strategy: 'Convolutions' });
    const parts = blocks.map(({ block }) => ({ block, network: copyOf(network, block) }));
    const stitched = stitch(network, parts);
    const inputs = randomInputs(network, batch);
    expect(graphOutput(stitched, inputs, batch)).toEqual(graphOutput(network, inputs, batch));
  });

  test('joins neighbouring blocks, the last of which ends the network', () => {
    const network = networkOfSketches(
      [8, 8, 16],
      [
        convolutionSketch('first', 'image', { filters: 16, useBias: false }),
        convolutionSketch('second', 'first', { filters: 16, useBias: false }),
      ],
    );
    const stitched = replaceAll(network, 'Convolutions');
    expect(layerOf(stitched, 'second_distilled_separable1').inputs).toEqual([
      'first_distilled_separable2_bn',
    ]);
    expect(stitched.output).toBe('second_distilled_separable2_bn');
  });

  test('refuses two replacements for one layer', async () => {
    const network = await networkOf(vgg());
    const { blocks } = findBlocks(network, { strategy: 'Convolutions' });
    const part = blocks.flatMap(({ block }) => [{ block, network: copyOf(network, block) }]).slice(0, 1);
    expect(() => stitch(network, [...part, ...part])).toThrow('Two replacements take the layer');
  });
});

/** A block's own layers as a replacement. */
function copyOf(
  network: Network,
  {
    layers,
    inputBoundary,
    outputBoundary,
  }: { layers: readonly string[]; inputBoundary: string; outputBoundary: string },
): Network {
  const inside = layers.map((name) => layerOf(network, name));
  const input = {
    name: inputBoundary,
    kind: 'InputLayer',
    config: { shape: [] },
    inputs: [],
    outputShape: layerOf(network, inputBoundary).outputShape,
    weights: [],
  } as const;
  return {
    name: 'copy',
    input: inputBoundary,
    output: outputBoundary,
    layers: [{ ...input, config: { shape: [...input.outputShape] } }, ...inside],
    weights: network.weights,
  };
}

describe('saving', () => {
  test.each(
    (Object.keys(families) as Family[]).flatMap((family) =>
      (['Convolutions', 'Stages'] as const).map((strategy) => [family, strategy] as const),
    ),
  )('a %s stitched by %s is read by TensorFlow.js and by Blockstill', async (family, strategy) => {
    await using folder = await temporaryFolder();
    const network = await networkOf(families[family]());
    const stitched = tryReplaceAll(network, strategy);
    const digest = await saveNetwork(stitched, folder.path);
    const loaded = await loadNetwork(folder.path, { digest });
    expect(loaded.layers).toEqual(stitched.layers);
    expect(loaded.weights).toEqual(stitched.weights);
    const expected = graphOutput(stitched, randomInputs(stitched, batch), batch);
    expect(relativeDifference(await tfjsOutput(folder.path, stitched), expected)).toBeLessThan(1e-4);
  });

  test('equal networks give equal bytes', async () => {
    await using first = await temporaryFolder();
    await using second = await temporaryFolder();
    const digests = await Promise.all([
      saveNetwork(await networkOf(vgg()), first.path),
      saveNetwork(await networkOf(vgg()), second.path),
    ]);
    expect(digests[0]).toBe(digests[1]);
    for (const file of ['model.json', 'weights.bin']) {
      expect(await readFile(join(first.path, file))).toEqual(await readFile(join(second.path, file)));
    }
  });

  test('layers that TensorFlow.js lacks or computes otherwise are written as ones that it has', async () => {
    await using folder = await temporaryFolder();
    const shape = [4, 4, 2];
    const network: Network = {
      ...networkOfSketches(shape, [
        {
          name: 'normalised',
          kind: 'Normalization',
          config: { axis: -1, invert: false, mean: null, variance: null },
          inputs: ['image'],
        },
        {
          name: 'leaky',
          kind: 'ReLU',
          config: { maxValue: undefined, negativeSlope: 0.5, threshold: 0 },
          inputs: ['normalised'],
        },
        { name: 'difference', kind: 'Subtract', config: {}, inputs: ['image', 'leaky'] },
        { name: 'dropped', kind: 'SpatialDropout2D', config: { rate: 0.5 }, inputs: ['difference'] },
        {
          name: 'pooled',
          kind: 'GlobalAveragePooling2D',
          config: { keepdims: true, dataFormat: 'channels_last' },
          inputs: ['dropped'],
        },
        { name: 'scaled', kind: 'Multiply', config: {}, inputs: ['leaky', 'pooled'] },
      ]),
      weights: new Map([
        ['normalised/mean', { shape: [2], values: Float32Array.of(0.5, -1) }],
        ['normalised/variance', { shape: [2], values: Float32Array.of(4, 0.25) }],
      ]),
    };
    await saveNetwork(network, folder.path);
    const expected = graphOutput(network, randomInputs(network, batch), batch);
    expect(relativeDifference(await tfjsOutput(folder.path, network), expected)).toBeLessThan(1e-5);
  });

  test('a layer that TensorFlow.js would compute otherwise is refused', async () => {
    await using folder = await temporaryFolder();
    const network = networkOfSketches(
      [4, 4, 2],
      [
        {
          name: 'limited',
          kind: 'ReLU',
          config: { maxValue: 6, negativeSlope: 0.5, threshold: 0 },
          inputs: ['image'],
        },
      ],
    );
    await expect(saveNetwork(network, folder.path)).rejects.toMatchObject({ code: 'model/not-writable' });
  });
});

/** Replaces what can be replaced; the smallest families have nothing that gets cheaper. */
function tryReplaceAll(network: Network, strategy: Partition['strategy']): Network {
  try {
    return replaceAll(network, strategy);
  } catch (error) {
    if (error instanceof BlockstillError && error.code === 'model/no-blocks') return stitch(network, []);
    throw error;
  }
}

describe('logits', () => {
  test('a softmax in the last Dense is left out', async () => {
    const network = await networkOf(vgg());
    const logits = logitsOf(network);
    expect(logits.softmaxLayer).toBe('predictions');
    const inputs = randomInputs(network, batch);
    const values = tf.tensor(graphOutput(logits.network, inputs, batch) as Float32Array, [batch, 5]);
    expect(
      relativeDifference(tf.softmax(values).dataSync<'float32'>(), graphOutput(network, inputs, batch)),
    ).toBeLessThan(1e-5);
  });

  test('a softmax of its own is left out, and the layer before it is the output', async () => {
    const { network, softmaxLayer } = logitsOf(await networkOf(mobilenet()));
    expect([softmaxLayer, network.output]).toEqual(['act_softmax', 'reshape_2']);
  });

  test('a softmax before a reshaping layer is left out as well', () => {
    const network = networkOfSketches(
      [1, 1, 8],
      [
        convolutionSketch('preds', 'image', { filters: 3, kernelSize: [1, 1] }),
        { name: 'probabilities', kind: 'Activation', config: { activation: 'softmax' }, inputs: ['preds'] },
        { name: 'flat', kind: 'Flatten', config: { dataFormat: 'channels_last' }, inputs: ['probabilities'] },
      ],
    );
    const logits = logitsOf(network);
    expect(logits.network.layers.map(({ name }) => name)).toEqual(['image', 'preds', 'flat']);
    expect(layerOf(logits.network, 'flat').inputs).toEqual(['preds']);
  });

  test('a network without softmax stays as it is', () => {
    const network = networkOfSketches([4, 4, 8], [convolutionSketch('conv', 'image', { filters: 3 })]);
    expect(logitsOf(network)).toEqual({ network, softmaxLayer: undefined });
  });
});

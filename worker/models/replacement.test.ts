import { describe, expect, test } from 'vitest';
import { blockBetween, type Block } from './block.ts';
import { convolutionBlocks } from './convolution-blocks.ts';
import type { Network } from './network.ts';
import { outputShapeOf } from './network.ts';
import { initialWeights, replacementFor, type ReplacementOptions } from './replacement.ts';
import { stageBlocks } from './stage-blocks.ts';
import { densenet, inception, resnet, resnetV2 } from './testing/families.ts';
import { efficientnet, mobilenetV2 } from './testing/mobile-families.ts';
import { networkOf } from './testing/reference.ts';
import { convolutionSketch, networkOfSketches } from './testing/sketches.ts';

/** `kind(what matters)` of every layer but the input. */
function describeNetwork(network: Network): string[] {
  return network.layers.slice(1).map((layer) => {
    switch (layer.kind) {
      case 'SeparableConv2D': {
        const { filters, strides, dilationRate, padding, useBias } = layer.config;
        return `separable ${filters} /${strides[0]} d${dilationRate[0]} ${padding}${useBias ? ' bias' : ''}`;
      }
      case 'Conv2D':
        return `conv ${layer.config.kernelSize[0]} ${layer.config.filters}`;
      case 'DepthwiseConv2D':
        return `depthwise /${layer.config.strides[0]}`;
      case 'BatchNormalization':
        return `bn ${layer.config.momentum} ${layer.config.epsilon}`;
      case 'Activation':
        return layer.config.activation;
      case 'Add':
        return `add ${layer.inputs.join('+')}`;
      default:
        return layer.kind;
    }
  });
}

function blockEnding(blocks: readonly Block[], boundary: string): Block {
  const block = blocks.find(({ outputBoundary }) => outputBoundary === boundary);
  if (block === undefined) throw new Error(`no block ends at ${boundary}`);
  return block;
}

function replaced(network: Network, block: Block, options?: ReplacementOptions): string[] {
  const replacement = replacementFor(network, block, options);
  expect(outputShapeOf(replacement.network)).toEqual(block.outputShape);
  return describeNetwork(replacement.network);
}

describe('separable pairs', () => {
  test('take over stride, padding and activation, and the epsilon of the BatchNorm', async () => {
    const network = await networkOf(inception());
    const block = blockEnding(convolutionBlocks(network), 'mixed1_f_relu');
    expect(replaced(network, block)).toEqual([
      'separable 8 /2 d1 valid',
      'bn 0.9 0.00001001',
      'relu',
      'separable 8 /1 d1 same',
      'bn 0.9 0.00001001',
      'relu',
    ]);
  });

  test('end linear where the block does, with a ReLU between', async () => {
    const network = await networkOf(densenet());
    const block = blockEnding(convolutionBlocks(network), 'conv2_block1_2_conv');
    expect(replaced(network, block)).toEqual([
      'separable 4 /1 d1 same',
      'bn 0.9 0.001',
      'relu',
      'separable 4 /1 d1 same',
      'bn 0.9 0.001',
    ]);
  });

  test('dilate as the convolution does, with bias when there is no BatchNorm, as often as asked', () => {
    const network = networkOfSketches(
      [9, 9, 8],
      [convolutionSketch('conv', 'image', { filters: 4, dilationRate: [2, 2], activation: 'swish' })],
    );
    const block = blockBetween(network, 'conv', { from: 'image', to: 'conv' });
    expect(replaced(network, block, { repeats: 1, batchNorm: false })).toEqual([
      'separable 4 /1 d2 same bias',
      'swish',
    ]);
    expect(replaced(network, block, { repeats: 3, batchNorm: false })).toHaveLength(6);
  });
});

describe('residual stages', () => {
  test('have a strided unit without skip first, then units with skips', async () => {
    const network = await networkOf(resnet('3x3'));
    const block = blockEnding(stageBlocks(network), 'conv3_block2_out');
    expect(replaced(network, block, { unitRatio: 1 })).toEqual([
      'separable 48 /2 d1 same',
      'bn 0.9 0.00001001',
      'relu',
      'separable 48 /1 d1 same',
      'bn 0.9 0.00001001',
      'add unit1_separable1_activation+unit2_separable1_bn',
      'relu',
    ]);
    expect(replaced(network, block)).toHaveLength(3);
  });

  test('project the skip where channels change, and end linear before an activation of another block', async () => {
    const network = await networkOf(resnetV2());
    const block = blockBetween(network, 'unit', { from: 'conv2_block1_preact_relu', to: 'conv2_block1_out' });
    expect(replaced(network, block)).toEqual([
      'separable 32 /1 d1 same',
      'bn 0.9 0.00001001',
      'conv 1 32',
      'bn 0.9 0.00001001',
      'add unit1_projection_bn+unit1_separable1_bn',
    ]);
  });
});

/** A stage of two 3x3 convolutions as Inception reduces: 17x17 to 8x8 without padding. */
function unpaddedStage(): { network: Network; block: Block } {
  const network = networkOfSketches(
    [17, 17, 32],
    [
      convolutionSketch('wide', 'image', { filters: 64 }),
      convolutionSketch('reduce', 'wide', { filters: 64, strides: [2, 2], padding: 'valid' }),
    ],
  );
  return { network, block: blockBetween(network, 'stage', { from: 'image', to: 'reduce' }) };
}

describe('a stage that reduces without padding', () => {
  test('gets a replacement whose first convolution does so too', () => {
    const { network, block } = unpaddedStage();
    expect(block.outputShape).toEqual([8, 8, 64]);
    expect(replaced(network, block, { batchNorm: false })).toEqual(['separable 64 /2 d1 valid bias']);
    // 8x8 pixels, each of 9 products a channel for 32 channels, and 64 times those for the 64 channels that come out.
    expect(replacementFor(network, block, { batchNorm: false }).cost.macs).toBe(64 * (9 * 32 + 32 * 64));
  });

  test('is kept when height and width go different ways', () => {
    // 17 to 8 is without padding, 18 to 9 with it.
    const network = networkOfSketches(
      [17, 18, 32],
      [
        convolutionSketch('wide', 'image', { filters: 64 }),
        convolutionSketch('tall', 'wide', { filters: 64, kernelSize: [3, 1], padding: 'valid' }),
        convolutionSketch('reduce', 'tall', { filters: 64, strides: [2, 2] }),
      ],
    );
    const block = blockBetween(network, 'stage', { from: 'image', to: 'reduce' });
    expect(block.outputShape).toEqual([8, 9, 64]);
    expect(() => replacementFor(network, block)).toThrow('No stride leads from 17x18 to 8x9');
  });
});

describe('inverted residuals', () => {
  test('become fewer and half as wide', async () => {
    const network = await networkOf(mobilenetV2());
    const block = blockEnding(stageBlocks(network), 'block_2_add');
    // 24 and 36 channels between the ends; half of the narrowest is 12.
    expect(replaced(network, block)).toEqual([
      'conv 1 12',
      'bn 0.9 0.00001001',
      'ReLU',
      'depthwise /2',
      'bn 0.9 0.00001001',
      'ReLU',
      'conv 1 6',
      'bn 0.9 0.00001001',
    ]);
  });

  test('keep a skip where the shape stays, and the activation of the block', async () => {
    const network = await networkOf(efficientnet());
    const block = blockEnding(stageBlocks(network), 'block2b_add');
    const layers = replaced(network, block, { unitRatio: 1 });
    expect(layers.at(-1)).toBe('add unit1_project_bn+unit2_project_bn');
    expect(layers.filter((each) => each === 'swish')).toHaveLength(4);
  });
});

describe('initial weights', () => {
  const network = networkOfSketches([8, 8, 64], [convolutionSketch('conv', 'image', { filters: 128 })]);
  const { network: pair } = replacementFor(
    network,
    blockBetween(network, 'conv', { from: 'image', to: 'conv' }),
  );

  test('depend on seed and block alone', () => {
    expect(initialWeights(pair, 7, 'conv')).toEqual(initialWeights(pair, 7, 'conv'));
    expect(initialWeights(pair, 8, 'conv')).not.toEqual(initialWeights(pair, 7, 'conv'));
    expect(initialWeights(pair, 7, 'other')).not.toEqual(initialWeights(pair, 7, 'conv'));
  });

  test('are He-normal kernels and identity BatchNorms', () => {
    const weights = initialWeights(pair, 7, 'conv');
    expect([...weights.keys()]).toEqual(pair.layers.flatMap((layer) => [...layer.weights]));
    const pointwise = weights.get('separable1/pointwise_kernel')?.values ?? new Float32Array();
    const variance = pointwise.reduce((sum, value) => sum + value * value, 0) / pointwise.length;
    // 2 / fan-in, over 8,192 draws: the standard error is 1.6 %.
    expect(variance / (2 / 64)).toBeGreaterThan(0.93);
    expect(variance / (2 / 64)).toBeLessThan(1.07);
    expect(weights.get('separable1_bn/gamma')?.values).toEqual(new Float32Array(128).fill(1));
    expect(weights.get('separable1_bn/moving_mean')?.values).toEqual(new Float32Array(128));
  });
});

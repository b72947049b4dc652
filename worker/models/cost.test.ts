import { describe, expect, test } from 'vitest';
import { assembleNetwork, type LayerSketch } from './assemble.ts';
import { costOf } from './cost.ts';
import { findBlocks } from './find-blocks.ts';
import { layerTable } from './layers/layer-table.ts';
import type { Network } from './network.ts';
import { convolutionSketch, networkOfSketches } from './testing/sketches.ts';

/** The convolutions of VGG16 (arXiv 1409.1556) on 224x224 images. */
function vgg16(): Network {
  const stages = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]; // prettier-ignore
  const sketches: LayerSketch[] = [];
  let last = 'image';
  stages.forEach((filters, stage) => {
    filters.forEach((count, index) => {
      const name = `block${stage + 1}_conv${index + 1}`;
      sketches.push(convolutionSketch(name, last, { filters: count, activation: 'relu' }));
      last = name;
    });
    const pool = `block${stage + 1}_pool`;
    sketches.push({
      name: pool,
      kind: 'MaxPooling2D',
      config: layerTable.MaxPooling2D.config.parse({}),
      inputs: [last],
    });
    last = pool;
  });
  return networkOfSketches([224, 224, 3], sketches);
}

/** The middle convolutions of ResNet50's bottlenecks (arXiv 1512.03385), one after another at their resolutions. */
function resnet50Convolutions(): Network[] {
  const stages: [units: number, channels: number, side: number][] = [[3, 64, 56], [4, 128, 28], [6, 256, 14], [3, 512, 7]]; // prettier-ignore
  return stages.map(([units, channels, side]) => {
    const sketches = Array.from({ length: units }, (_, unit) =>
      convolutionSketch(`conv${unit}`, unit === 0 ? 'image' : `conv${unit - 1}`, {
        filters: channels,
        useBias: false,
      }),
    );
    return networkOfSketches([side, side, channels], sketches);
  });
}

describe('the cost of convolutions', () => {
  test('VGG16: 14.71 million parameters and 15.35 thousand million MACs in 13 convolutions', () => {
    const { parameters, macs } = costOf(vgg16());
    // 9 (3*64 + 64*64 + 64*128 + 128*128 + 128*256 + 2*256*256 + 256*512 + 5*512*512) + 4,224 biases
    expect(parameters).toBe(14_714_688);
    expect(macs / 1e9).toBeCloseTo(15.35, 2);
  });

  test('ResNet50: 11.32 million parameters and 1.85 thousand million MACs in 16 convolutions', () => {
    const costs = resnet50Convolutions().map((network) => costOf(network));
    // 9 (3*64^2 + 4*128^2 + 6*256^2 + 3*512^2)
    expect(costs.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(11_317_248);
    expect(costs.reduce((sum, { macs }) => sum + macs, 0) / 1e9).toBeCloseTo(1.85, 2);
  });

  test('the first convolution of VGG16 grows from 1,792 to 5,019 parameters and is kept', () => {
    const { kept, blocks } = findBlocks(vgg16(), { strategy: 'Convolutions' }, { batchNorm: false });
    // 3*9 + 3*64 + 64 = 283, then 64*9 + 64*64 + 64 = 4,736.
    expect(kept).toEqual([
      {
        name: 'block1_conv1',
        layers: ['block1_conv1'],
        // 224^2 (27 + 192 + 576 + 4096) against 224^2 * 27 * 64
        reason:
          'The replacement is not cheaper: it has 5,019 parameters and 245,410,816 MACs, the block 1,792 parameters and 86,704,128 MACs.',
      },
    ]);
    expect(blocks.map(({ block }) => block.name)).toHaveLength(12);
  });

  test('all of VGG16 replaced would have 3.52 million parameters and 4.12 thousand million MACs', () => {
    const { blocks } = findBlocks(vgg16(), { strategy: 'Convolutions' }, { batchNorm: false });
    const parameters = blocks.reduce((sum, { replacement }) => sum + replacement.cost.parameters, 5_019);
    const macs = blocks.reduce((sum, { replacement }) => sum + replacement.cost.macs, 245_410_816);
    expect(parameters / 1e6).toBeCloseTo(3.52, 2);
    expect(macs / 1e9).toBeCloseTo(4.12, 2);
  });
});

describe('the cost of other layers', () => {
  const cases: Record<string, { sketch: LayerSketch; parameters: number; macs: number }> = {
    // 5x5 outputs of 3x3 windows on 2 channels, multiplier 3; 18 kernel values each and 6 biases.
    DepthwiseConv2D: {
      sketch: {
        name: 'layer',
        kind: 'DepthwiseConv2D',
        config: layerTable.DepthwiseConv2D.config.parse({ kernelSize: 3, depthMultiplier: 3 }),
        inputs: ['image'],
      },
      parameters: 9 * 2 * 3 + 6,
      macs: 25 * 9 * 2 * 3,
    },
    // Padding counts: 4x4 outputs, stride 2.
    SeparableConv2D: {
      sketch: {
        name: 'layer',
        kind: 'SeparableConv2D',
        config: layerTable.SeparableConv2D.config.parse({
          kernelSize: 3,
          filters: 5,
          strides: 2,
          padding: 'same',
          useBias: false,
        }),
        inputs: ['image'],
      },
      parameters: 9 * 2 + 2 * 5,
      macs: 16 * (9 * 2 + 2 * 5),
    },
    BatchNormalization: {
      sketch: {
        name: 'layer',
        kind: 'BatchNormalization',
        config: layerTable.BatchNormalization.config.parse({}),
        inputs: ['image'],
      },
      parameters: 8,
      macs: 0,
    },
    // Applied at each of 49 positions.
    Dense: {
      sketch: {
        name: 'layer',
        kind: 'Dense',
        config: layerTable.Dense.config.parse({ units: 4 }),
        inputs: ['image'],
      },
      parameters: 2 * 4 + 4,
      macs: 49 * 2 * 4,
    },
  };

  test.each(Object.entries(cases))('%s', (_kind, { sketch, parameters, macs }) => {
    expect(costOf(networkOfSketches([7, 7, 2], [sketch]))).toEqual({ parameters, macs });
  });

  test('a network without layers but its input costs nothing', () => {
    const input: LayerSketch = {
      name: 'image',
      kind: 'InputLayer',
      config: { shape: [4, 4, 1] },
      inputs: [],
    };
    const network = assembleNetwork({ name: 'net', layers: [input], output: 'image', weights: new Map() });
    expect(costOf(network)).toEqual({ parameters: 0, macs: 0 });
  });
});

import { describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import { convolutionBlocks } from './convolution-blocks.ts';
import { findBlocks } from './find-blocks.ts';
import { stageBlocks } from './stage-blocks.ts';
import { families, type Family } from './testing/families.ts';
import { networkOf } from './testing/reference.ts';
import { convolutionSketch, networkOfSketches } from './testing/sketches.ts';

/** `input boundary | layers | ending` */
function describeBlock({ inputBoundary, layers, ends }: Block): string {
  const ending = ends === 'Linear' ? ends : 'activation' in ends.config ? ends.config.activation : ends.kind;
  return `${inputBoundary} | ${layers.join(' ')} | ${ending}`;
}

/** Listed by hand from the families' definitions. */
const convolutions: Record<Family, readonly string[]> = {
  VGG: [
    'block1_conv1_input | block1_conv1 | relu',
    'block1_conv1 | block1_conv2 | relu',
    'block1_pool | block2_conv1 | relu',
    'block2_conv1 | block2_conv2 | relu',
  ],
  'ResNet with strided 1x1 convolutions': [
    'conv2_block1_1_relu | conv2_block1_2_conv conv2_block1_2_bn conv2_block1_2_relu | relu',
    'conv2_block2_1_relu | conv2_block2_2_conv conv2_block2_2_bn conv2_block2_2_relu | relu',
    'conv3_block1_1_relu | conv3_block1_2_conv conv3_block1_2_bn conv3_block1_2_relu | relu',
    'conv3_block2_1_relu | conv3_block2_2_conv conv3_block2_2_bn conv3_block2_2_relu | relu',
  ],
  'ResNet with strided 3x3 convolutions': [
    'conv2_block1_1_relu | conv2_block1_2_conv conv2_block1_2_bn conv2_block1_2_relu | relu',
    'conv2_block2_1_relu | conv2_block2_2_conv conv2_block2_2_bn conv2_block2_2_relu | relu',
    'conv3_block1_1_relu | conv3_block1_2_conv conv3_block1_2_bn conv3_block1_2_relu | relu',
    'conv3_block2_1_relu | conv3_block2_2_conv conv3_block2_2_bn conv3_block2_2_relu | relu',
  ],
  'ResNet v2': [
    'image | conv1_conv conv2_block1_preact_bn conv2_block1_preact_relu | relu',
    'conv2_block1_2_pad | conv2_block1_2_conv conv2_block1_2_bn conv2_block1_2_relu | relu',
    'conv2_block2_2_pad | conv2_block2_2_conv conv2_block2_2_bn conv2_block2_2_relu | relu',
    'conv3_block1_2_pad | conv3_block1_2_conv conv3_block1_2_bn conv3_block1_2_relu | relu',
  ],
  MobileNet: ['conv1_pad | conv1 conv1_bn conv1_relu | ReLU'],
  MobileNetV2: ['image | Conv1 bn_Conv1 Conv1_relu | ReLU'],
  Inception: [
    'image | stem1_conv stem1_bn stem1_relu | relu',
    'stem1_relu | stem2_conv stem2_bn stem2_relu | relu',
    'mixed0_c1_relu | mixed0_c2_conv mixed0_c2_bn mixed0_c2_relu | relu',
    'mixed0_c2_relu | mixed0_c3_conv mixed0_c3_bn mixed0_c3_relu | relu',
    'mixed0 | mixed1_f_conv mixed1_f_bn mixed1_f_relu | relu',
  ],
  DenseNet: [
    'image | conv1_conv conv1_bn conv1_relu | relu',
    'conv2_block1_1_relu | conv2_block1_2_conv | Linear',
    'conv2_block2_1_relu | conv2_block2_2_conv | Linear',
    'conv3_block1_1_relu | conv3_block1_2_conv | Linear',
    'conv3_block2_1_relu | conv3_block2_2_conv | Linear',
  ],
  EfficientNet: ['stem_conv_pad | stem_conv stem_bn stem_activation | swish'],
};

/** `input boundary -> output boundary` of each stage. */
const stages: Record<Family, readonly string[]> = {
  VGG: ['block1_conv1_input -> block1_conv1', 'block1_conv1 -> block1_conv2', 'block1_pool -> block2_conv2'],
  'ResNet with strided 1x1 convolutions': [
    'image -> conv1_relu',
    'pool1_pool -> conv2_block2_out',
    'conv2_block2_out -> conv3_block2_out',
  ],
  'ResNet with strided 3x3 convolutions': [
    'image -> conv1_relu',
    'pool1_pool -> conv2_block2_out',
    'conv2_block2_out -> conv3_block2_out',
  ],
  'ResNet v2': [
    'image -> conv2_block1_preact_relu',
    'conv2_block1_preact_relu -> conv2_block1_out',
    'conv2_block1_out -> conv3_block1_preact_relu',
    'conv3_block1_preact_relu -> post_relu',
  ],
  MobileNet: ['image -> conv_dw_1_relu', 'conv_pw_1_relu -> conv_pw_3_relu'],
  MobileNetV2: [
    'image -> expanded_conv_project_BN',
    'expanded_conv_project_BN -> block_2_add',
    'block_2_add -> block_4_add',
  ],
  Inception: ['image -> stem1_relu', 'stem1_relu -> stem2_relu', 'stem_pool -> mixed0', 'mixed0 -> mixed1'],
  DenseNet: ['image -> conv1_relu', 'conv1_relu -> pool2_relu', 'pool2_pool -> relu'],
  EfficientNet: [
    'rescaling -> block1a_project_bn',
    'block1a_project_bn -> block2b_add',
    'block2b_add -> block3a_project_bn',
  ],
};

const familyNames = Object.keys(families) as Family[];

describe('finding blocks', () => {
  test.each(familyNames)('Convolutions in a %s', async (family) => {
    const blocks = convolutionBlocks(await networkOf(families[family]()));
    expect(blocks.map(describeBlock)).toEqual(convolutions[family]);
  });

  test.each(familyNames)('Stages in a %s', async (family) => {
    const blocks = stageBlocks(await networkOf(families[family]()));
    expect(
      blocks.map(({ inputBoundary, outputBoundary }) => `${inputBoundary} -> ${outputBoundary}`),
    ).toEqual(stages[family]);
    expect(blocks.map(({ name }) => name)).toEqual(blocks.map((_, index) => `stage${index + 1}`));
  });

  test('an explicit block holds everything between its first and last layer', async () => {
    const network = await networkOf(families['ResNet with strided 3x3 convolutions']());
    const listed = [
      { name: 'second', from: 'conv3_block1_1_conv', to: 'conv3_block2_out' },
      { name: 'first', from: 'conv1_conv', to: 'conv1_relu' },
    ];
    const { blocks } = findBlocks(network, { strategy: 'Explicit', blocks: listed });
    expect(blocks.map(({ block }) => [block.name, block.inputBoundary, block.layers.length])).toEqual([
      ['first', 'conv1_pad', 3],
      ['second', 'conv2_block2_out', 22],
    ]);
  });

  test.each([
    [
      'conv2_block2_2_conv',
      'conv2_block2_out',
      'model/not-a-region',
      'also depends on layers before "conv2_block2_1_relu"',
    ],
    ['conv2_block2_1_conv', 'ghost', 'model/unknown-layer', 'no layer "ghost"'],
    ['conv2_block2_add', 'conv2_block2_out', 'model/not-a-region', 'several inputs'],
    ['conv3_block1_2_conv', 'conv2_block2_out', 'model/not-a-region', 'also depends'],
    ['conv1_pad', 'predictions', 'model/block-shape', '[5]'],
  ])('the explicit block from %s to %s is refused', async (from, to, code, says) => {
    const network = await networkOf(families['ResNet with strided 3x3 convolutions']());
    const find = () => findBlocks(network, { strategy: 'Explicit', blocks: [{ name: 'mine', from, to }] });
    expect(find).toThrow(expect.objectContaining({ code }));
    expect(find).toThrow(says);
  });

  test('a block that another layer reads into is refused', async () => {
    const network = await networkOf(families['ResNet v2']());
    // The skip of the unit reads the pre-activation within the block.
    const listed = [{ name: 'mine', from: 'conv1_conv', to: 'conv2_block1_1_relu' }];
    expect(() => findBlocks(network, { strategy: 'Explicit', blocks: listed })).toThrow(
      '"conv2_block1_0_conv" reads "conv2_block1_preact_relu" from outside',
    );
  });

  test('overlapping blocks are refused', async () => {
    const network = await networkOf(families.VGG());
    const listed = [
      { name: 'a', from: 'block1_conv1', to: 'block1_conv2' },
      { name: 'b', from: 'block1_conv2', to: 'block1_pool' },
    ];
    expect(() => findBlocks(network, { strategy: 'Explicit', blocks: listed })).toThrow(
      'both hold the layer "block1_conv2"',
    );
  });

  test('candidates that cannot be replaced say why', () => {
    const network = networkOfSketches(
      [16, 16, 64],
      [
        convolutionSketch('good', 'image', { filters: 64 }),
        convolutionSketch('oblong', 'good', { filters: 64, strides: [2, 1] }),
        convolutionSketch('narrow', 'oblong', { filters: 2 }),
        convolutionSketch('wide', 'narrow', { filters: 64 }),
        convolutionSketch('last', 'wide', { filters: 64, activation: 'softmax' }),
      ],
    );
    const { blocks, kept } = findBlocks(network, { strategy: 'Convolutions' });
    expect(blocks.map(({ block }) => block.name)).toEqual(['good', 'narrow']);
    expect(kept.map(({ name, reason }) => [name, reason.split(/[:;,]/)[0]])).toEqual([
      ['oblong', 'A depthwise convolution takes equal strides for height and width'],
      ['wide', 'The replacement is not cheaper'],
      ['last', 'It ends in a softmax'],
    ]);
  });

  test('a network in which nothing can be replaced is refused with every reason', () => {
    const network = networkOfSketches([8, 8, 3], [convolutionSketch('only', 'image', { filters: 64 })]);
    expect(() => findBlocks(network, { strategy: 'Convolutions' })).toThrow(
      expect.objectContaining({
        code: 'model/no-blocks',
        hint: expect.stringContaining('- only: The replacement is not cheaper') as string,
      }),
    );
  });

  test('of more than 128 blocks the most expensive are replaced', () => {
    const sketches = Array.from({ length: 130 }, (_, index) =>
      convolutionSketch(`conv${index}`, index === 0 ? 'image' : `conv${index - 1}`, {
        filters: index < 2 ? 60 : 64,
      }),
    );
    // From 64 channels to one: its replacement is not cheaper.
    sketches.push(convolutionSketch('narrow', 'conv129', { filters: 1 }));
    const { blocks, kept, candidates } = findBlocks(networkOfSketches([8, 8, 64], sketches), {
      strategy: 'Convolutions',
    });
    // 60 to 60 channels is cheapest; 64 to 60 costs what 60 to 64 costs, and the earlier one is taken.
    expect(blocks).toHaveLength(128);
    expect(kept.map(({ name }) => name)).toEqual(['conv1', 'conv2', 'narrow']);
    expect(candidates).toEqual(sketches.map(({ name }) => name));
  });
});

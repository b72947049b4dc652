import { expect, test } from 'vitest';
import { blockBetween } from '../models/block.ts';
import type { Network } from '../models/network.ts';
import { replacementFor } from '../models/replacement.ts';
import { resnetV2, vgg } from '../models/testing/families.ts';
import { networkOf } from '../models/testing/reference.ts';
import { outputScale } from './output-scale.ts';

async function replacement(teacher: Promise<Network>, from: string, to: string): Promise<Network> {
  const network = await teacher;
  return replacementFor(network, blockBetween(network, 'block', { from, to })).network;
}

test('the last BatchNorm before a ReLU is trained in units of the root mean square', async () => {
  const network = await replacement(networkOf(vgg()), 'block1_pool', 'block2_conv1');
  const { factor, weights } = outputScale(network, { meanSquare: 0.25 });
  expect(factor).toBe(0.5);
  const lastNorm = network.layers.findLast((layer) => layer.kind === 'BatchNormalization')?.name ?? '';
  expect([...weights].sort()).toEqual([`${lastNorm}/beta`, `${lastNorm}/gamma`]);
});

test('a linear end is as proportional as a ReLU', async () => {
  const network = await replacement(networkOf(resnetV2()), 'conv2_block1_1_relu', 'conv2_block1_2_conv');
  expect(outputScale(network, { meanSquare: 4 }).weights.size).toBe(2);
});

test.each([
  ['a target that is all zeros', 0],
  ['an unknown mean square', Number.NaN],
])('%s leaves the weights as they are', async (_, meanSquare) => {
  const network = await replacement(networkOf(vgg()), 'block1_pool', 'block2_conv1');
  expect(outputScale(network, { meanSquare }).weights.size).toBe(0);
});

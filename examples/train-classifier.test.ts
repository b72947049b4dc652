import { expect, test } from 'vitest';
import { randomStream } from '../common/random.ts';
import { assembleNetwork, type LayerSketch } from '../worker/models/assemble.ts';
import { layerTable, type LayerKind } from '../worker/models/layers/layer-table.ts';
import type { Network } from '../worker/models/network.ts';
import { initialWeights } from '../worker/models/replacement.ts';
import type { LabelledImages } from './labelled-images.ts';
import { accuracyOf, trainClassifier } from './train-classifier.ts';

/** 4 x 4 pixels, bright in the upper half (class 0) or in the lower half (class 1), over noise. */
function halves(count: number): LabelledImages {
  const stream = randomStream('halves');
  const labels = Uint8Array.from({ length: count }, () => stream.below(2));
  const pixels = Uint8Array.from({ length: count * 16 }, (_, index) => {
    const lower = index % 16 >= 8 ? 1 : 0;
    return stream.below(100) + (lower === labels[Math.floor(index / 16)] ? 150 : 0);
  });
  return { height: 4, width: 4, pixels, labels };
}

function smallClassifier(): Network {
  const network = assembleNetwork({
    name: 'small',
    layers: [
      { name: 'image', kind: 'InputLayer', config: { shape: [4, 4, 1] }, inputs: [] },
      layer('Flatten', 'flat', {}, 'image'),
      layer('Dense', 'classes', { units: 2, activation: 'softmax' }, 'flat'),
    ],
    output: 'classes',
    weights: new Map(),
  });
  return { ...network, weights: initialWeights(network, 1, 'small') };
}

function layer(kind: LayerKind, name: string, config: object, input: string): LayerSketch {
  return { name, kind, config: layerTable[kind].config.parse(config), inputs: [input] } as LayerSketch;
}

const training = { epochs: 20, learningRate: 0.05, seed: 1 };

test('a classifier learns what a straight line can tell apart, and its loss falls', () => {
  const data = halves(150);
  const losses: number[] = [];
  const trained = trainClassifier(smallClassifier(), data, {
    ...training,
    onEpoch: ({ loss }) => losses.push(loss),
  });
  expect(accuracyOf(trained, data)).toBe(1);
  expect(losses).toHaveLength(20);
  expect(losses.at(-1)).toBeLessThan(0.1);
});

test('the same seed gives the same weights, another seed others', () => {
  const kernel = (seed: number): Float32Array | undefined =>
    trainClassifier(smallClassifier(), halves(150), { ...training, epochs: 1, seed }).weights.get(
      'classes/kernel',
    )?.values;
  const first = kernel(1);
  expect(first).toHaveLength(32);
  expect(kernel(1)).toEqual(first);
  expect(kernel(2)).not.toEqual(first);
});

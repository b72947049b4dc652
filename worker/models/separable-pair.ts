import { InvalidInputError } from '../../common/error.ts';
import type { Block } from './block.ts';
import {
  addActivation,
  epsilonOf,
  innerActivation,
  layerChain,
  replacementMomentum,
  type LayerChain,
} from './layer-chain.ts';
import type { Layer, Network } from './network.ts';

export interface SeparablePairOptions {
  readonly repeats: number;
  readonly batchNorm: boolean;
}

/**
 * Separable convolutions in place of one convolution (Blakeney et al., arXiv 2012.03096): the first takes over stride,
 * dilation and padding, the last ends as the block ends.
 */
export function separablePair(
  block: Block,
  layers: readonly Layer[],
  { repeats, batchNorm }: SeparablePairOptions,
): Network {
  const convolution = layers.find((layer) => layer.kind === 'Conv2D' || layer.kind === 'DepthwiseConv2D');
  if (convolution?.kind !== 'Conv2D') {
    throw new InvalidInputError(
      'model/no-replacement',
      'It holds a depthwise convolution, which is cheap already.',
    );
  }
  const { kernelSize, strides, dilationRate, padding } = convolution.config;
  const chain = layerChain(block);
  const window = { kernelSize, dilationRate } as const;
  let last = chain.input;
  for (let repeat = 1; repeat <= repeats; repeat++) {
    last = addSeparable(chain, `separable${repeat}`, {
      input: last,
      window:
        repeat === 1
          ? { ...window, strides, padding }
          : { kernelSize, dilationRate: [1, 1], strides: [1, 1], padding: 'same' },
      filters: block.outputShape[2] ?? 1,
      batchNorm: batchNorm ? epsilonOf(layers) : undefined,
      activation: repeat === repeats ? block.ends : innerActivation(block, layers),
    });
  }
  return chain.build(last);
}

export interface SeparableStep {
  readonly input: string;
  readonly window: {
    readonly kernelSize: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly dilationRate: readonly [number, number];
    readonly padding: 'valid' | 'same';
  };
  readonly filters: number;
  /** The BatchNorm's epsilon; undefined for none, and a bias in its place. */
  readonly batchNorm: number | undefined;
  readonly activation: Block['ends'];
}

/** A SeparableConv2D, BatchNorm and activation; returns the last one's name. */
export function addSeparable(chain: LayerChain, name: string, step: SeparableStep): string {
  const { window, filters, batchNorm } = step;
  let last = chain.add('SeparableConv2D', name, {
    inputs: [step.input],
    config: { ...window, filters, useBias: batchNorm === undefined },
  });
  if (batchNorm !== undefined) last = addBatchNorm(chain, `${name}_bn`, { input: last, epsilon: batchNorm });
  return addActivation(chain, `${name}_activation`, { input: last, activation: step.activation });
}

export function addBatchNorm(
  chain: LayerChain,
  name: string,
  { input, epsilon }: { input: string; epsilon: number },
): string {
  return chain.add('BatchNormalization', name, {
    inputs: [input],
    config: { epsilon, momentum: replacementMomentum },
  });
}

import type { ActivationSketch, Block } from './block.ts';
import {
  addActivation,
  epsilonOf,
  innerActivation,
  layerChain,
  keepsResolution,
  reductionBetween,
  type LayerChain,
  type Reduction,
} from './layer-chain.ts';
import type { Layer, Network } from './network.ts';
import { addBatchNorm } from './separable-pair.ts';

export interface InvertedResidualOptions {
  /** How many inverted residuals take the place of the block's. */
  readonly units: number;
}

/**
 * Fewer inverted residuals (Sandler et al., arXiv 1801.04381) of half the width between their ends: expansion,
 * 3x3 depthwise convolution, linear projection, and a skip where the shape stays. The first one carries the stride.
 */
export function invertedResidual(
  block: Block,
  layers: readonly Layer[],
  { units }: InvertedResidualOptions,
): Network {
  const chain = layerChain(block);
  const channels = block.outputShape[2] ?? 1;
  const reduction = reductionBetween(block.inputShape, block.outputShape);
  const widths = layers.flatMap((layer) =>
    layer.kind === 'DepthwiseConv2D' ? layer.outputShape.slice(2) : [],
  );
  const width = Math.max(1, Math.round(Math.min(...widths) / 2));
  let last = chain.input;
  for (let unit = 1; unit <= units; unit++) {
    const start = last;
    last = addUnit(chain, `unit${unit}`, {
      input: last,
      reduction: unit === 1 ? reduction : { stride: 1, padding: 'same' },
      width,
      channels,
      epsilon: epsilonOf(layers),
      activation: innerActivation(block, layers),
    });
    const keepsShape = unit > 1 || (keepsResolution(reduction) && block.inputShape[2] === channels);
    if (keepsShape) last = chain.add('Add', `unit${unit}_add`, { inputs: [start, last] });
  }
  return chain.build(addActivation(chain, 'activation', { input: last, activation: block.ends }));
}

interface Unit {
  readonly input: string;
  readonly reduction: Reduction;
  readonly width: number;
  readonly channels: number;
  readonly epsilon: number;
  readonly activation: ActivationSketch;
}

function addUnit(chain: LayerChain, name: string, unit: Unit): string {
  const { reduction, width, channels, epsilon, activation } = unit;
  const { stride, padding } = reduction;
  const pointwise = (suffix: string, input: string, filters: number) =>
    addBatchNorm(chain, `${name}_${suffix}_bn`, {
      input: chain.add('Conv2D', `${name}_${suffix}`, {
        inputs: [input],
        config: { kernelSize: [1, 1], filters, useBias: false },
      }),
      epsilon,
    });
  const expanded = addActivation(chain, `${name}_expand_activation`, {
    input: pointwise('expand', unit.input, width),
    activation,
  });
  const filtered = chain.add('DepthwiseConv2D', `${name}_depthwise`, {
    inputs: [expanded],
    config: { kernelSize: [3, 3], strides: [stride, stride], padding, useBias: false },
  });
  const activated = addActivation(chain, `${name}_depthwise_activation`, {
    input: addBatchNorm(chain, `${name}_depthwise_bn`, { input: filtered, epsilon }),
    activation,
  });
  return pointwise('project', activated, channels);
}

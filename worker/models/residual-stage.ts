import type { Block } from './block.ts';
import {
  addActivation,
  epsilonOf,
  innerActivation,
  layerChain,
  keepsResolution,
  reductionBetween,
  type LayerChain,
} from './layer-chain.ts';
import type { Layer, Network } from './network.ts';
import { addBatchNorm, addSeparable } from './separable-pair.ts';

export interface ResidualStageOptions {
  /** How many residual units take the place of the block's. */
  readonly units: number;
  /** Separable convolutions in each of them. */
  readonly repeats: number;
  readonly batchNorm: boolean;
}

/**
 * Residual units of separable convolutions in place of a stage. The first unit carries the stride, and the padding
 * `valid` of a stage that has it, and has no skip then; every unit that keeps the resolution has one, through a 1x1
 * convolution where the channels change.
 */
export function residualStage(
  block: Block,
  layers: readonly Layer[],
  options: ResidualStageOptions,
): Network {
  const chain = layerChain(block);
  const channels = block.outputShape[2] ?? 1;
  const reduction = reductionBetween(block.inputShape, block.outputShape);
  const epsilon = options.batchNorm ? epsilonOf(layers) : undefined;
  let last = chain.input;
  for (let unit = 1; unit <= options.units; unit++) {
    const isFirst = unit === 1;
    const start = last;
    const reduces = isFirst && !keepsResolution(reduction);
    const ends = unit === options.units ? block.ends : innerActivation(block, layers);
    for (let repeat = 1; repeat <= options.repeats; repeat++) {
      const { stride, padding } =
        reduces && repeat === 1 ? reduction : { stride: 1, padding: 'same' as const };
      const closes = repeat === options.repeats;
      last = addSeparable(chain, `unit${unit}_separable${repeat}`, {
        input: last,
        window: { kernelSize: [3, 3], strides: [stride, stride], dilationRate: [1, 1], padding },
        filters: channels,
        batchNorm: epsilon,
        activation: closes ? (reduces ? ends : 'Linear') : innerActivation(block, layers),
      });
    }
    if (reduces) continue;
    const needsProjection = isFirst && block.inputShape[2] !== channels;
    const skip = needsProjection
      ? addProjection(chain, `unit${unit}_projection`, { input: start, channels, epsilon })
      : start;
    last = chain.add('Add', `unit${unit}_add`, { inputs: [skip, last] });
    last = addActivation(chain, `unit${unit}_activation`, { input: last, activation: ends });
  }
  return chain.build(last);
}

interface Projection {
  readonly input: string;
  readonly channels: number;
  readonly epsilon: number | undefined;
}

function addProjection(chain: LayerChain, name: string, { input, channels, epsilon }: Projection): string {
  const projected = chain.add('Conv2D', name, {
    inputs: [input],
    config: { kernelSize: [1, 1], filters: channels, useBias: epsilon === undefined },
  });
  return epsilon === undefined ? projected : addBatchNorm(chain, `${name}_bn`, { input: projected, epsilon });
}

import type { PlannedBlock } from '../contract/plan.ts';
import { layerOf, type Layer, type Network } from '../models/network.ts';

/** Weights that are trained in units of their block's output. */
export interface WeightScale {
  /** Names in the replacement's network. */
  readonly weights: ReadonlySet<string>;
  readonly factor: number;
}

/**
 * The last weights before a replacement's output are trained in units of the target's root mean square.
 *
 * A replacement starts with outputs of about 1, and Adam moves a weight by about the learning rate a step. Targets of
 * another size (activations of published networks have root mean squares from 0.05 to several thousand) would be out of
 * reach however good the rest is. The factor is put into the weights when the block is committed, so nothing of it is left
 * in the student. It works where the output grows in proportion to those weights: through linear ends and ReLUs.
 */
export function outputScale(replacement: Network, block: Pick<PlannedBlock, 'meanSquare'>): WeightScale {
  const factor = Math.sqrt(block.meanSquare);
  const usable = Number.isFinite(factor) && factor > 0;
  const weights = usable ? lastWeights(replacement, layerOf(replacement, replacement.output)) : [];
  return { weights: new Set(weights), factor };
}

function lastWeights(network: Network, layer: Layer): readonly string[] {
  const only = (...names: readonly string[]): readonly string[] =>
    names.map((name) => `${layer.name}/${name}`).filter((name) => layer.weights.includes(name));
  switch (layer.kind) {
    case 'ReLU':
      return layer.config.maxValue === null && layer.config.threshold === 0 ? before(network, layer) : [];
    case 'LeakyReLU':
      return before(network, layer);
    case 'Activation':
      return isProportional(layer.config.activation) ? before(network, layer) : [];
    case 'BatchNormalization':
      return layer.config.scale ? only('gamma', 'beta') : [];
    case 'Conv2D':
      return isProportional(layer.config.activation) ? only('kernel', 'bias') : [];
    case 'SeparableConv2D':
      return isProportional(layer.config.activation) ? only('pointwise_kernel', 'bias') : [];
    default:
      return [];
  }
}

function before(network: Network, layer: Layer): readonly string[] {
  const [input, ...others] = layer.inputs;
  return input === undefined || others.length > 0 ? [] : lastWeights(network, layerOf(network, input));
}

function isProportional(activation: string): boolean {
  return activation === 'linear' || activation === 'relu';
}

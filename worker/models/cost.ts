import { elementCount } from '../graph/tensor.ts';
import { definitionOf, weightSpecsOf } from './assemble.ts';
import type { LayerKind } from './layers/layer-table.ts';
import { inputShapesOf, type Layer, type LayerOf, type Network } from './network.ts';

export interface Cost {
  /** All weights, BatchNorm statistics included, as Keras counts them. */
  readonly parameters: number;
  /**
   * Multiplications of convolution, depthwise and dense layers per sample. Padding counts, BatchNorm does not (it can
   * be folded into the convolution).
   */
  readonly macs: number;
}

/** The cost of some layers of a network, by default of all. */
export function costOf(network: Network, layers: readonly Layer[] = network.layers): Cost {
  let parameters = 0;
  let macs = 0;
  for (const layer of layers) {
    const cost = costOfLayer<LayerKind>(network, layer);
    parameters += cost.parameters;
    macs += cost.macs;
  }
  return { parameters, macs };
}

function costOfLayer<Kind extends LayerKind>(network: Network, layer: LayerOf<Kind>): Cost {
  const inputs = inputShapesOf(network, layer);
  const weights = weightSpecsOf(layer, inputs);
  return {
    parameters: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    macs: definitionOf(layer.kind).macs(layer.config, inputs, layer.outputShape),
  };
}

/** Cheaper: fewer multiplications, and not more parameters. */
export function isCheaper(replacement: Cost, block: Cost): boolean {
  return replacement.macs < block.macs && replacement.parameters <= block.parameters;
}

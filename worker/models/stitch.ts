import { InvalidInputError } from '../../common/error.ts';
import { assembleNetwork, type LayerSketch } from './assemble.ts';
import type { Block } from './block.ts';
import type { Network, WeightTensor } from './network.ts';

/** A replacement with its trained weights, and the block whose place it takes. */
export interface StitchPart {
  readonly block: Pick<Block, 'name' | 'layers' | 'inputBoundary' | 'outputBoundary'>;
  readonly network: Network;
}

/**
 * The teacher with replacements in the places of their blocks. Layers of a replacement are called
 * `<block>_distilled_<layer>`.
 *
 * Throws `model/overlapping-blocks` when two parts want the same layer, and whatever `assembleNetwork` finds wrong.
 */
export function stitch(teacher: Network, parts: readonly StitchPart[]): Network {
  const replaced = new Set<string>();
  const weights = new Map<string, WeightTensor>();
  /** Boundaries of blocks, and what stands for them now. */
  const standIns = new Map<string, string>();
  for (const { block, network } of parts) {
    for (const layer of block.layers) {
      if (replaced.has(layer)) {
        throw new InvalidInputError(
          'model/overlapping-blocks',
          `Two replacements take the layer "${layer}".`,
        );
      }
      replaced.add(layer);
    }
    standIns.set(block.outputBoundary, distilledName(block.name, network.output));
  }
  const standIn = (name: string): string => standIns.get(name) ?? name;
  const layers: LayerSketch[] = teacher.layers
    .filter((layer) => !replaced.has(layer.name))
    .map((layer) => ({ ...layer, inputs: layer.inputs.map(standIn) }));
  for (const layer of teacher.layers) {
    if (!replaced.has(layer.name)) copyWeights(layer.weights, teacher, weights);
  }
  for (const { block, network } of parts) {
    for (const layer of network.layers) {
      if (layer.name === network.input) continue;
      const name = distilledName(block.name, layer.name);
      const inputs = layer.inputs.map((input) =>
        input === network.input ? standIn(block.inputBoundary) : distilledName(block.name, input),
      );
      layers.push({ ...layer, name, inputs });
      copyWeights(layer.weights, network, weights, (weight) => distilledName(block.name, weight));
    }
  }
  return assembleNetwork({
    name: `${teacher.name}_distilled`,
    layers,
    output: standIn(teacher.output),
    weights,
  });
}

function distilledName(block: string, layer: string): string {
  return `${block}_distilled_${layer}`;
}

function copyWeights(
  names: readonly string[],
  from: Network,
  to: Map<string, WeightTensor>,
  rename = (name: string): string => name,
): void {
  for (const name of names) {
    const weight = from.weights.get(name);
    if (weight === undefined)
      throw new InvalidInputError('model/missing-weight', `The weight "${name}" has no value.`);
    to.set(rename(name), weight);
  }
}

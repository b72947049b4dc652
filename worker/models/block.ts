import { InvalidInputError } from '../../common/error.ts';
import type { Shape } from '../graph/tensor.ts';
import type { LayerConfigs } from './layers/layer-table.ts';
import { indexOf, layerOf, type Layer, type Network } from './network.ts';
import { layersBetween, requireOneOutput } from './region.ts';

/** Kinds of activation that a replacement can end in: those without weights. */
export type ActivationKind = 'Activation' | 'ReLU' | 'LeakyReLU' | 'ELU';

/** An activation that can be put at the end of other layers. */
export type ActivationSketch = {
  [Kind in ActivationKind]: { readonly kind: Kind; readonly config: LayerConfigs[Kind] };
}[ActivationKind];

/** A replaceable piece of a network between two tensors. */
export interface Block {
  readonly name: string;
  /** The names of its layers, in order. */
  readonly layers: readonly string[];
  /** The layer whose output it reads. */
  readonly inputBoundary: string;
  /** Its last layer. */
  readonly outputBoundary: string;
  /** `[height, width, channels]` */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** What its last layer applies; `Linear` after a convolution, BatchNorm, Add or Concatenate. */
  readonly ends: 'Linear' | ActivationSketch;
}

/**
 * The block of all layers between two tensors.
 *
 * Throws `model/not-a-region` when more than one tensor goes in or out, `model/block-shape` when the tensors are not
 * images.
 */
export function blockBetween(
  network: Network,
  name: string,
  boundaries: { from: string; to: string },
): Block {
  const layers = layersBetween(network, boundaries.from, boundaries.to);
  requireOneOutput(network, layers);
  const inputShape = layerOf(network, boundaries.from).outputShape;
  const last = layerOf(network, boundaries.to);
  if (inputShape.length !== 3 || last.outputShape.length !== 3) {
    throw new InvalidInputError(
      'model/block-shape',
      `The block "${name}" must begin and end with [height, width, channels]; it goes from [${inputShape.join(', ')}] to [${last.outputShape.join(', ')}].`,
    );
  }
  return {
    name,
    layers: layers.map((layer) => layer.name),
    inputBoundary: boundaries.from,
    outputBoundary: boundaries.to,
    inputShape,
    outputShape: last.outputShape,
    ends: endingOf(last),
  };
}

export function layersOfBlock(network: Network, block: Block): readonly Layer[] {
  return block.layers.map((name) => layerOf(network, name));
}

/** The activation that a layer applies last. */
export function endingOf(layer: Layer): 'Linear' | ActivationSketch {
  const activation = asActivation(layer);
  if (activation !== undefined) return activation;
  const { config } = layer;
  if (!('activation' in config) || config.activation === 'linear') return 'Linear';
  return { kind: 'Activation', config: { activation: config.activation } };
}

/** The layer as an activation without weights, if it is one. */
export function asActivation(layer: Layer): ActivationSketch | undefined {
  switch (layer.kind) {
    case 'Activation':
      return layer.config.activation === 'linear' ? undefined : { kind: layer.kind, config: layer.config };
    case 'ReLU':
      return { kind: layer.kind, config: layer.config };
    case 'LeakyReLU':
      return { kind: layer.kind, config: layer.config };
    case 'ELU':
      return { kind: layer.kind, config: layer.config };
    default:
      return undefined;
  }
}

export function isSoftmax(ends: Block['ends']): boolean {
  return ends !== 'Linear' && ends.kind === 'Activation' && ends.config.activation === 'softmax';
}

/** The only layer that reads `layer`'s output, unless the output is the network's. */
export function onlyConsumer(network: Network, layer: Layer): Layer | undefined {
  const consumers = indexOf(network).consumers.get(layer.name) ?? [];
  return consumers.length === 1 && layer.name !== network.output ? consumers[0] : undefined;
}

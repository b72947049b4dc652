import { assembleNetwork, type LayerSketch } from './assemble.ts';
import { layerOf, type Layer, type Network } from './network.ts';

export interface Logits {
  /** The network without its last softmax; the same network when it does not end in one. */
  readonly network: Network;
  /** The layer that was left out, or lost its softmax; undefined when the output is not a softmax. */
  readonly softmaxLayer: string | undefined;
}

/**
 * The network up to its logits: losses take logits, because softmax and cross-entropy are stable only as one operation.
 * The softmax may be the last layer, its activation, or stand before layers that only reshape.
 */
export function logitsOf(network: Network): Logits {
  const last = lastComputingLayer(network);
  if (isSoftmaxLayer(last)) {
    const [input = network.input] = last.inputs;
    const layers = network.layers
      .filter((layer) => layer !== last)
      .map((layer) => (layer.inputs[0] === last.name ? { ...layer, inputs: [input] } : layer));
    return {
      network: rebuilt(network, layers, network.output === last.name ? input : network.output),
      softmaxLayer: last.name,
    };
  }
  const linear = withoutSoftmax(last);
  if (linear === undefined) return { network, softmaxLayer: undefined };
  const layers = network.layers.map((layer) => (layer === last ? linear : layer));
  return { network: rebuilt(network, layers, network.output), softmaxLayer: last.name };
}

/** The last layer that does more than give its input another shape. */
function lastComputingLayer(network: Network): Layer {
  let layer = layerOf(network, network.output);
  while (layer.kind === 'Flatten' || layer.kind === 'Reshape' || layer.kind === 'Dropout') {
    layer = layerOf(network, layer.inputs[0] ?? network.input);
  }
  return layer;
}

function rebuilt(network: Network, layers: readonly LayerSketch[], output: string): Network {
  return assembleNetwork({ name: network.name, layers, output, weights: network.weights });
}

function isSoftmaxLayer(layer: Layer): boolean {
  return layer.kind === 'Softmax' || (layer.kind === 'Activation' && layer.config.activation === 'softmax');
}

function withoutSoftmax(layer: Layer): Layer | undefined {
  switch (layer.kind) {
    case 'Dense':
      return layer.config.activation === 'softmax'
        ? { ...layer, config: { ...layer.config, activation: 'linear' } }
        : undefined;
    case 'Conv2D':
      return layer.config.activation === 'softmax'
        ? { ...layer, config: { ...layer.config, activation: 'linear' } }
        : undefined;
    default:
      return undefined;
  }
}

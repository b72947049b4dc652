import { InvalidInputError } from '../../common/error.ts';
import type { Shape } from '../graph/tensor.ts';
import type { LayerConfigs, LayerKind } from './layers/layer-table.ts';

export interface WeightTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A layer of one kind, placed in a network. */
export interface LayerOf<Kind extends LayerKind> {
  readonly name: string;
  /** The Keras class name. */
  readonly kind: Kind;
  /** Complete: Keras's defaults are filled in. */
  readonly config: LayerConfigs[Kind];
  /** Names of the layers whose outputs it reads. */
  readonly inputs: readonly string[];
  /** Without the batch dimension. */
  readonly outputShape: Shape;
  /** Keys into the network's weights: `<layer>/<kernel, bias, gamma, ...>`. */
  readonly weights: readonly string[];
}

export type Layer = { [Kind in LayerKind]: LayerOf<Kind> }[LayerKind];

/** A convolutional network with one input and one output, every layer used once. */
export interface Network {
  readonly name: string;
  /** The name of the only InputLayer. */
  readonly input: string;
  /** The name of the layer whose output is the network's. */
  readonly output: string;
  /** Each layer after those that it reads. */
  readonly layers: readonly Layer[];
  /** Empty in a replacement that has not been initialised. */
  readonly weights: ReadonlyMap<string, WeightTensor>;
}

/** A layer by name, and who reads it: what most walks over a network need. */
export interface NetworkIndex {
  readonly byName: ReadonlyMap<string, Layer>;
  readonly consumers: ReadonlyMap<string, readonly Layer[]>;
  readonly position: ReadonlyMap<string, number>;
}

const indexes = new WeakMap<Network, NetworkIndex>();

/** The index of a network, computed once. */
export function indexOf(network: Network): NetworkIndex {
  const known = indexes.get(network);
  if (known !== undefined) return known;
  const consumers = new Map<string, Layer[]>(network.layers.map((layer) => [layer.name, []]));
  for (const layer of network.layers) {
    for (const input of new Set(layer.inputs)) consumers.get(input)?.push(layer);
  }
  const index = {
    byName: new Map(network.layers.map((layer) => [layer.name, layer])),
    consumers,
    position: new Map(network.layers.map((layer, position) => [layer.name, position])),
  };
  indexes.set(network, index);
  return index;
}

/** The layer called `name`. Throws `model/unknown-layer` when there is none. */
export function layerOf(network: Network, name: string): Layer {
  const layer = indexOf(network).byName.get(name);
  if (layer !== undefined) return layer;
  throw new InvalidInputError(
    'model/unknown-layer',
    `The network "${network.name}" has no layer "${name}".`,
    {
      hint: `Its layers are: ${network.layers.map((each) => each.name).join(', ')}.`,
    },
  );
}

/** The shapes that a layer reads, without the batch dimension. */
export function inputShapesOf(network: Network, layer: Pick<Layer, 'inputs'>): readonly Shape[] {
  return layer.inputs.map((input) => layerOf(network, input).outputShape);
}

/** The network's input shape `[height, width, channels]`. */
export function inputShapeOf(network: Network): Shape {
  return layerOf(network, network.input).outputShape;
}

/** The network's output shape without the batch dimension: `[classes]` for a classifier. */
export function outputShapeOf(network: Network): Shape {
  return layerOf(network, network.output).outputShape;
}

import { InvalidInputError } from '../../common/error.ts';
import { indexOf, layerOf, type Layer, type Network } from './network.ts';

/**
 * The layers that turn the output of `from` into the output of `to`, in order; `from` is left out.
 *
 * Throws `model/not-a-region` when `to` needs something that does not come through `from`.
 */
export function layersBetween(network: Network, from: string, to: string): readonly Layer[] {
  layerOf(network, from);
  const found = new Set<string>();
  const waiting = [to];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === from || found.has(name)) continue;
    const layer = layerOf(network, name);
    if (layer.kind === 'InputLayer') {
      throw new InvalidInputError('model/not-a-region', `"${to}" also depends on layers before "${from}".`, {
        hint: 'A connection jumps over the start; start before the branch.',
      });
    }
    found.add(name);
    waiting.push(...layer.inputs);
  }
  return network.layers.filter((layer) => found.has(layer.name));
}

/**
 * Checks that nothing outside of `layers` reads an output within them but the last one's.
 *
 * Throws `model/not-a-region` naming the connection that jumps over the end.
 */
export function requireOneOutput(network: Network, layers: readonly Layer[]): void {
  const inside = new Set(layers.map((layer) => layer.name));
  const { consumers } = indexOf(network);
  for (const layer of layers.slice(0, -1)) {
    const outside = consumers.get(layer.name)?.find((consumer) => !inside.has(consumer.name));
    if (outside === undefined) continue;
    throw new InvalidInputError(
      'model/not-a-region',
      `"${outside.name}" reads "${layer.name}" from outside, so more than one tensor leaves these layers.`,
    );
  }
}

/**
 * The layers whose output every path from the input to the output goes through, in order: the places where the
 * network can be cut at one tensor.
 */
export function singleTensorCuts(network: Network): readonly Layer[] {
  const { consumers, position } = indexOf(network);
  const cuts: Layer[] = [];
  // The furthest reader of anything before the layer at hand: an edge that jumps over it reaches further.
  let furthest = 0;
  network.layers.forEach((layer, at) => {
    if (furthest <= at) cuts.push(layer);
    for (const consumer of consumers.get(layer.name) ?? []) {
      furthest = Math.max(furthest, position.get(consumer.name) ?? 0);
    }
  });
  return cuts;
}

import { asActivation, blockBetween, isSoftmax, onlyConsumer, type Block } from './block.ts';
import type { Layer, Network } from './network.ts';

/**
 * The blocks of strategy `Convolutions`: each 3x3 Conv2D with the BatchNorm and then the activation that follow it, as
 * long as nothing else reads what lies between. The unit that Blakeney et al. (arXiv 2012.03096) exchange is the
 * convolution alone; with the BatchNorm and activation behind it, the replacement imitates what later layers see.
 */
export function convolutionBlocks(network: Network): readonly Block[] {
  return network.layers.flatMap((layer) => {
    if (layer.kind !== 'Conv2D' || layer.config.kernelSize.join() !== '3,3') return [];
    const [from = network.input] = layer.inputs;
    return [blockBetween(network, layer.name, { from, to: lastOf(network, layer).name })];
  });
}

function lastOf(network: Network, convolution: Layer): Layer {
  const next = onlyConsumer(network, convolution);
  const normalised = next?.kind === 'BatchNormalization' ? next : convolution;
  const following = onlyConsumer(network, normalised);
  const activation = following && asActivation(following);
  return following !== undefined && activation !== undefined && !isSoftmax(activation)
    ? following
    : normalised;
}

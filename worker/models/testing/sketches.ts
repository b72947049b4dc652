import type { Shape } from '../../graph/tensor.ts';
import { assembleNetwork, type LayerSketch } from '../assemble.ts';
import { layerTable, type LayerConfigs } from '../layers/layer-table.ts';
import type { Network } from '../network.ts';

/** A network of the given layers behind an InputLayer called `image`, without weights. */
export function networkOfSketches(inputShape: Shape, sketches: readonly LayerSketch[]): Network {
  const input: LayerSketch = {
    name: 'image',
    kind: 'InputLayer',
    config: { shape: [...inputShape] },
    inputs: [],
  };
  const output = sketches.at(-1)?.name ?? input.name;
  return assembleNetwork({ name: 'net', layers: [input, ...sketches], output, weights: new Map() });
}

/** A Conv2D, 3x3 and padded unless said otherwise. */
export function convolutionSketch(
  name: string,
  input: string,
  config: Partial<LayerConfigs['Conv2D']> & { filters: number },
): LayerSketch {
  const complete = layerTable.Conv2D.config.parse({ kernelSize: 3, padding: 'same', ...config });
  return { name, kind: 'Conv2D', config: complete, inputs: [input] };
}

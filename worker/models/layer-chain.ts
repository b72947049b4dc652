import { InvalidInputError } from '../../common/error.ts';
import type { Shape } from '../graph/tensor.ts';
import { assembleNetwork, type LayerSketch } from './assemble.ts';
import { endingOf, type ActivationSketch, type Block } from './block.ts';
import { layerTable, type LayerConfigs, type LayerKind } from './layers/layer-table.ts';
import type { Layer, LayerOf, Network } from './network.ts';

/** Grows a network layer by layer from one input; every call returns the new layer's name. */
export interface LayerChain {
  readonly input: string;
  /** Config fields in camel case; Keras's defaults are filled in. */
  add<Kind extends LayerKind>(
    kind: Kind,
    name: string,
    place: { inputs: readonly string[]; config?: Partial<LayerConfigs[Kind]> },
  ): string;
  build(output: string): Network;
}

export function layerChain(block: Block): LayerChain {
  const layers: LayerSketch[] = [];
  const chain: LayerChain = {
    input: 'input',
    add: (kind, name, { inputs, config = {} }) => {
      const sketch: Pick<LayerOf<typeof kind>, 'name' | 'kind' | 'config' | 'inputs'> = {
        name,
        kind,
        config: layerTable[kind].config.parse(config),
        inputs,
      };
      layers.push(sketch as LayerSketch);
      return name;
    },
    build: (output) =>
      assembleNetwork({ name: `${block.name}_distilled`, layers, output, weights: new Map() }),
  };
  layers.push({
    name: chain.input,
    kind: 'InputLayer',
    config: { shape: [...block.inputShape] },
    inputs: [],
  });
  return chain;
}

/** Adds a copy of an activation; `Linear` adds nothing. */
export function addActivation(
  chain: LayerChain,
  name: string,
  options: { input: string; activation: Block['ends'] },
): string {
  const { input, activation } = options;
  return activation === 'Linear'
    ? input
    : chain.add(activation.kind, name, { inputs: [input], config: activation.config });
}

/** Between the layers of a replacement stands the block's last activation, else its first, else a ReLU. */
export function innerActivation(block: Block, layers: readonly Layer[]): ActivationSketch {
  if (block.ends !== 'Linear') return block.ends;
  for (const layer of layers) {
    const ending = endingOf(layer);
    if (ending !== 'Linear') return ending;
  }
  return { kind: 'Activation', config: { activation: 'relu' } };
}

/** The stride for height and width alike that makes `output` from `input` with padding `same`. */
export function strideBetween(input: Shape, output: Shape): number {
  const [height = 1, width = 1] = input;
  const [outputHeight = 1, outputWidth = 1] = output;
  for (const stride of [Math.floor(height / outputHeight), Math.ceil(height / outputHeight)]) {
    if (
      stride >= 1 &&
      Math.ceil(height / stride) === outputHeight &&
      Math.ceil(width / stride) === outputWidth
    )
      return stride;
  }
  throw new InvalidInputError(
    'model/no-replacement',
    `No stride leads from ${height}x${width} to ${outputHeight}x${outputWidth}.`,
  );
}

export const replacementMomentum = 0.9;

/** The epsilon of the block's first BatchNorm, or Keras's default. */
export function epsilonOf(layers: readonly Layer[]): number {
  const first = layers.find((layer) => layer.kind === 'BatchNormalization');
  return first?.kind === 'BatchNormalization' ? first.config.epsilon : 1e-3;
}

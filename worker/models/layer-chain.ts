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

/** Stride and padding of a 3x3 convolution that makes one resolution from another. */
export interface Reduction {
  readonly stride: number;
  readonly padding: 'same' | 'valid';
}

/**
 * How a 3x3 convolution makes `output` from `input`, height and width alike: with the smallest stride that does it, and
 * with padding `same` before `valid`, as the reductions of Inception are made (35x35 to 17x17).
 *
 * Throws `model/no-replacement` when neither does.
 */
export function reductionBetween(input: Shape, output: Shape): Reduction {
  const [height = 1, width = 1] = input;
  const [outputHeight = 1, outputWidth = 1] = output;
  const strides = [Math.floor(height / outputHeight), Math.ceil(height / outputHeight)];
  for (const stride of strides.filter((each) => each >= 1)) {
    const fits = (padding: Reduction['padding']): boolean =>
      sizeAfter(height, stride, padding) === outputHeight &&
      sizeAfter(width, stride, padding) === outputWidth;
    const padding = (['same', 'valid'] as const).find(fits);
    if (padding !== undefined) return { stride, padding };
  }
  throw new InvalidInputError(
    'model/no-replacement',
    `No stride leads from ${height}x${width} to ${outputHeight}x${outputWidth}.`,
  );
}

function sizeAfter(size: number, stride: number, padding: Reduction['padding']): number {
  return padding === 'same' ? Math.ceil(size / stride) : Math.floor((size - 3) / stride) + 1;
}

/** The same resolution comes out. */
export function keepsResolution({ stride, padding }: Reduction): boolean {
  return stride === 1 && padding === 'same';
}

export const replacementMomentum = 0.9;

/** The epsilon of the block's first BatchNorm, or Keras's default. */
export function epsilonOf(layers: readonly Layer[]): number {
  const first = layers.find((layer) => layer.kind === 'BatchNormalization');
  return first?.kind === 'BatchNormalization' ? first.config.epsilon : 1e-3;
}

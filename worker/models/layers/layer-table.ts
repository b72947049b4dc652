import type { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import type { LayerDefinition } from './layer-definition.ts';
import * as activations from './activation-layers.ts';
import { Conv2D, DepthwiseConv2D, SeparableConv2D } from './convolution.ts';
import { Dense } from './dense.ts';
import * as dropout from './dropout.ts';
import * as merges from './merge.ts';
import * as normalizations from './normalization.ts';
import * as poolings from './pooling.ts';
import * as shapes from './shape-layers.ts';

/** Every kind of layer that Blockstill understands, by its Keras class name. */
const definitions = {
  ...shapes,
  Conv2D,
  DepthwiseConv2D,
  SeparableConv2D,
  Dense,
  ...normalizations,
  ...activations,
  ...poolings,
  ...merges,
  ...dropout,
};

export type LayerKind = keyof typeof definitions;

export type LayerConfigs = {
  readonly [Kind in LayerKind]: z.output<(typeof definitions)[Kind]['config']>;
};

type LayerTable = { readonly [Kind in LayerKind]: LayerDefinition<LayerConfigs[Kind]> };

export const layerTable: LayerTable = definitions;

const layerKinds = Object.keys(definitions).sort() as LayerKind[];

/** Checks a Keras class name. Throws `model/unsupported-layer` naming the layer and what there is. */
export function layerKindOf(className: string, layerName: string): LayerKind {
  const kind = layerKinds.find((known) => known === className);
  if (kind !== undefined) return kind;
  throw new InvalidInputError(
    'model/unsupported-layer',
    `The layer "${layerName}" is a ${className}, which Blockstill cannot convert.`,
    { hint: `Supported layers: ${layerKinds.join(', ')}.` },
  );
}

import { BlockstillError } from '../../common/error.ts';
import { multiply } from '../graph/nn.ts';
import type { Operation, Tensor, Values, Variable } from '../graph/tensor.ts';
import { sameShape } from '../graph/tensor.ts';
import { definitionOf, weightSpecsOf } from './assemble.ts';
import type { EmitContext, Precision } from './layers/layer-definition.ts';
import type { LayerKind } from './layers/layer-table.ts';
import { inputShapesOf, layerOf, type Layer, type LayerOf, type Network } from './network.ts';
import { layersBetween } from './region.ts';

export interface EmitOptions {
  /** `[batch, ...]`: what the layer `from` puts out. */
  readonly input: Tensor;
  /** Default: the InputLayer. */
  readonly from?: string | undefined;
  /** Default: the network's output. */
  readonly to?: string | undefined;
  /** `training`: BatchNorm uses the statistics of the batch and updates its averages. May differ by layer. */
  readonly mode: EmitContext['mode'] | ((layer: string) => EmitContext['mode']);
  /** `BFloat16`: convolutions and matrix products read and write 16 bits; weights and all else stay float32. */
  readonly precision?: Precision | undefined;
  /** In place of the momentum of every BatchNorm: 0 leaves each batch's own statistics in its averages. */
  readonly batchNormMomentum?: number | undefined;
  /** Weights whose variables hold their value divided by a factor. */
  readonly scale?: { readonly weights: ReadonlySet<string>; readonly factor: number } | undefined;
  /** Put before `<layer>/<weight>` in the names of variables. */
  readonly prefix: string;
  /** Sees every output, that of `from` first; what it returns is read by later layers in its place. */
  readonly onOutput?: ((layer: string, output: Tensor) => Tensor | void) | undefined;
}

export interface EmittedNetwork {
  readonly output: Tensor;
  /** Run these with a training step: BatchNorm's moving averages. */
  readonly updates: readonly Operation[];
  /** Trained by gradients. */
  readonly variables: readonly Variable[];
  /** BatchNorm's moving averages, and other weights that gradients do not touch. */
  readonly state: readonly Variable[];
}

/** Puts the layers of a network between two of its tensors into a training graph. */
export function emitNetwork(network: Network, options: EmitOptions): EmittedNetwork {
  const { input, from = network.input, to = network.output, mode, prefix, onOutput } = options;
  requireInput(network, from, input);
  const outputs = new Map([[from, onOutput?.(from, input) ?? input]]);
  const updates: Operation[] = [];
  const trainable = new Map<string, Variable>();
  const state = new Map<string, Variable>();
  for (const layer of layersBetween(network, from, to)) {
    const variables = new Map<string, Variable>();
    for (const spec of weightSpecsOf<LayerKind>(layer, inputShapesOf(network, layer))) {
      const variable = input.graph.variable(`${prefix}${layer.name}/${spec.name}`, spec.shape);
      variables.set(spec.name, variable);
      (spec.trainable ? trainable : state).set(variable.name, variable);
    }
    const output = emitLayer(
      layer,
      layer.inputs.map((name) => known(outputs, name)),
      {
        mode: typeof mode === 'function' ? mode(layer.name) : mode,
        precision: options.precision ?? 'Float32',
        batchNormMomentum: options.batchNormMomentum,
        variable: (weight) => known(variables, weight),
        value: (weight) => {
          const value = input.graph.read(known(variables, weight));
          const scaled = options.scale?.weights.has(`${layer.name}/${weight}`) === true;
          return scaled ? multiply(value, options.scale?.factor ?? 1) : value;
        },
        update: (operations) => updates.push(...operations),
      },
    );
    outputs.set(layer.name, onOutput?.(layer.name, output) ?? output);
  }
  return {
    output: known(outputs, to),
    updates,
    variables: [...trainable.values()],
    state: [...state.values()],
  };
}

/** What to set the variables of `emitNetwork` to: `<prefix><layer>/<weight>` to values, for the layers given. */
export function variableValues(
  network: Network,
  prefix: string,
  layers: readonly Layer[] = network.layers,
): Map<string, Values> {
  return new Map(
    layers.flatMap((layer) =>
      layer.weights.map((name) => [`${prefix}${name}`, weightValues(network, name)] as const),
    ),
  );
}

function weightValues(network: Network, name: string): Float32Array {
  return known(network.weights, name).values;
}

function emitLayer<Kind extends LayerKind>(
  layer: LayerOf<Kind>,
  inputs: readonly Tensor[],
  context: EmitContext,
): Tensor {
  return definitionOf(layer.kind).emit(layer.config, inputs, context);
}

function requireInput(network: Network, from: string, input: Tensor): void {
  const expected = layerOf(network, from).outputShape;
  if (sameShape(input.shape.slice(1), expected)) return;
  throw new BlockstillError(
    'model/boundary-shape',
    `The output of "${from}" is [batch, ${expected.join(', ')}]; the tensor given for it is [${input.shape.join(', ')}].`,
  );
}

function known<Item>(items: ReadonlyMap<string, Item>, name: string): Item {
  const item = items.get(name);
  if (item !== undefined) return item;
  throw new BlockstillError('model/missing-weight', `There is no "${name}".`);
}

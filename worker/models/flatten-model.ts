import { z } from 'zod';
import { InvalidInputError } from '../../common/error.ts';
import type { Shape } from '../graph/tensor.ts';
import type { LayerSketch } from './assemble.ts';
import { layerTable, layerKindOf, type LayerKind } from './layers/layer-table.ts';
import { isModel, readModel, type SerialisedLayer, type SerialisedModel } from './topology.ts';

/** A layer with the names under which its weights may be stored. */
export interface FlatLayer {
  readonly sketch: LayerSketch;
  /** The names of the models around it, outermost first, then its own name in the file. */
  readonly path: readonly string[];
}

export interface FlatModel {
  readonly name: string;
  readonly layers: readonly FlatLayer[];
  readonly output: string;
}

const maxNesting = 8;

interface Place {
  /** Names of the models around, the outermost left out. */
  readonly path: readonly string[];
  /** The layer that a nested model reads; undefined for the outermost model. */
  readonly input: string | undefined;
  /** Fills in sides that the model leaves open. */
  readonly inputShape: Shape | undefined;
}

/**
 * Turns a Sequential or Functional model into one list of layers, models within it included: their layers get the
 * names of the models around them as prefix (`backbone_conv1`).
 *
 * Throws `model/shared-layer`, `model/inputs` or `model/outputs` for what is not one path in, one path out.
 */
export function flattenModel(
  topology: unknown,
  options: { where: string; inputShape?: Shape | undefined },
): FlatModel {
  const layers: FlatLayer[] = [];
  const model = readModel(topology, options.where);
  const place = { path: [], input: undefined, inputShape: options.inputShape };
  const output = flattenInto(layers, model, place);
  return { name: model.name, layers, output };
}

/** Returns the name of the layer whose output is the model's. */
function flattenInto(layers: FlatLayer[], model: SerialisedModel, place: Place): string {
  if (place.path.length > maxNesting) {
    throw new InvalidInputError('model/topology', `Models are nested more than ${maxNesting} deep.`);
  }
  const wired = model.sequential ? wireSequential(model, place) : model;
  const inputs = requireOne(wired.inputs, 'inputs', model.name);
  const outputs = requireOne(wired.outputs, 'outputs', model.name);
  /** Names within this model to names in the flat network. */
  const flatNames = new Map<string, string>();
  const open = [...wired.layers];
  while (open.length > 0) {
    // A nested model has to be flat before its readers are, and a file may list them in any order.
    const next = open.findIndex((layer) =>
      layerInputs(layer).every((input) => flatNames.has(input) || !isNested(wired, input)),
    );
    const [layer] = open.splice(Math.max(next, 0), 1);
    if (layer === undefined) break;
    if (flatNames.has(layer.name)) {
      throw new InvalidInputError('model/duplicate-layer', `Two layers are called "${layer.name}".`);
    }
    flatNames.set(
      layer.name,
      flattenLayer(layers, layer, { ...place, flatNames, isInput: layer.name === inputs }),
    );
  }
  return flatNames.get(outputs) ?? outputs;
}

interface LayerPlace extends Place {
  readonly flatNames: ReadonlyMap<string, string>;
  readonly isInput: boolean;
}

/** Returns the name of the flat layer that stands for `layer`. */
function flattenLayer(layers: FlatLayer[], layer: SerialisedLayer, place: LayerPlace): string {
  if (place.isInput && place.input !== undefined) return place.input;
  const prefix = place.path.map((each) => `${each}_`).join('');
  const inputs = layerInputs(layer).map((input) => place.flatNames.get(input) ?? `${prefix}${input}`);
  if (isModel(layer.className)) {
    const nested = readModel({ class_name: layer.className, config: layer.config }, `layer "${layer.name}"`);
    const input = requireOne(inputs, 'inputs', layer.name);
    return flattenInto(layers, nested, { path: [...place.path, layer.name], input, inputShape: undefined });
  }
  const name = `${prefix}${layer.name}`;
  const kind = layerKindOf(layer.className, name);
  const raw = kind === 'InputLayer' ? withInputShape(layer.config, place.inputShape) : layer.config;
  layers.push({
    sketch: { name, inputs, ...readConfig(kind, raw, name) },
    path: [...place.path, layer.name],
  });
  return name;
}

type KindAndConfig = {
  [Kind in LayerKind]: Pick<Extract<LayerSketch, { kind: Kind }>, 'kind' | 'config'>;
}[LayerKind];

function readConfig(kind: LayerKind, raw: Readonly<Record<string, unknown>>, name: string): KindAndConfig {
  const camelCase = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
  const parsed = layerTable[kind].config.safeParse(camelCase);
  if (parsed.success) return { kind, config: parsed.data } as KindAndConfig;
  throw new InvalidInputError(
    'model/layer-config',
    `Blockstill cannot use this ${kind}: ${z.prettifyError(parsed.error)}`,
    { where: `layer "${name}"` },
  );
}

function withInputShape(
  raw: Readonly<Record<string, unknown>>,
  inputShape: Shape | undefined,
): Readonly<Record<string, unknown>> {
  if (inputShape === undefined) return raw;
  const declared = raw['batch_input_shape'] ?? raw['batch_shape'];
  const sides = Array.isArray(declared) ? declared.slice(1) : [];
  const fits =
    sides.length === inputShape.length &&
    sides.every((side, axis) => side === null || side === inputShape[axis]);
  if (fits) return { batch_shape: [null, ...inputShape] };
  throw new InvalidInputError(
    'model/input-shape',
    `The network takes inputs of [${sides.map((side) => side ?? '?').join(', ')}], not [${inputShape.join(', ')}].`,
  );
}

function layerInputs(layer: SerialisedLayer): readonly string[] {
  const [first = [], ...others] = layer.uses;
  if (others.length === 0) return first;
  throw new InvalidInputError(
    'model/shared-layer',
    `The layer "${layer.name}" is used ${layer.uses.length} times; Blockstill takes networks that use each layer once.`,
  );
}

function isNested(model: Pick<SerialisedModel, 'layers'>, name: string): boolean {
  return model.layers.some((layer) => layer.name === name && isModel(layer.className));
}

function requireOne(names: readonly string[], what: 'inputs' | 'outputs', model: string): string {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new InvalidInputError(
    `model/${what}`,
    `"${model}" has ${names.length} ${what} (${names.join(', ') || 'none'}); Blockstill takes networks with one.`,
  );
}

/** Writes the chain of a Sequential out as a functional model, with an InputLayer if there is none. */
function wireSequential(model: SerialisedModel, place: Place): SerialisedModel {
  const [first] = model.layers;
  if (first === undefined)
    throw new InvalidInputError('model/topology', `The model "${model.name}" has no layers.`);
  const input: SerialisedLayer =
    first.className === 'InputLayer'
      ? first
      : {
          className: 'InputLayer',
          name: `${first.name}_input`,
          config: { batch_input_shape: sequentialInputShape(model, place) },
          uses: [],
        };
  const chain = first.className === 'InputLayer' ? model.layers.slice(1) : model.layers;
  const wired = chain.map((layer, index) => ({ ...layer, uses: [[chain[index - 1]?.name ?? input.name]] }));
  return {
    ...model,
    layers: [input, ...wired],
    inputs: [input.name],
    outputs: [wired.at(-1)?.name ?? input.name],
  };
}

/** Where a Sequential without InputLayer says what it takes: in its first layer, which may be a model again. */
function sequentialInputShape(model: SerialisedModel, place: Place): unknown {
  const [first] = model.layers;
  const declared =
    first?.config['batch_input_shape'] ?? first?.config['batch_shape'] ?? model.buildInputShape;
  if (declared != null || first === undefined) return declared;
  if (isModel(first.className)) {
    const nested = readModel({ class_name: first.className, config: first.config }, `layer "${first.name}"`);
    if (nested.sequential) return sequentialInputShape(nested, place);
    const input = nested.layers.find((layer) => layer.name === nested.inputs[0]);
    return input?.config['batch_input_shape'] ?? input?.config['batch_shape'];
  }
  // A model that was never built; whoever loads it may know.
  return place.inputShape === undefined ? undefined : [null, ...place.inputShape];
}

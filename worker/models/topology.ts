import { z } from 'zod';
import { InvalidInputError } from '../../common/error.ts';

/** One layer as a Keras or TensorFlow.js topology writes it, references to other layers made plain. */
export interface SerialisedLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** One list of layer names for each time the layer is used. */
  readonly uses: readonly (readonly string[])[];
}

export interface SerialisedModel {
  readonly name: string;
  readonly sequential: boolean;
  readonly layers: readonly SerialisedLayer[];
  /** Names of the input and output layers; absent in a Sequential. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of a Sequential, where Keras wrote it: with the batch. */
  readonly buildInputShape?: readonly (number | null)[] | undefined;
}

const config = z.record(z.string(), z.unknown());

const serialisedLayer = z.object({
  class_name: z.string(),
  name: z.string().min(1).optional(),
  config,
  inbound_nodes: z.array(z.unknown()).nullish(),
});

/** Keras before 2.2 and TensorFlow.js before 1.0 write a Sequential's config as the bare list of its layers. */
const serialisedModel = z.object({
  class_name: z.enum(['Model', 'Functional', 'Sequential']),
  config: z.preprocess(
    (value) => (Array.isArray(value) ? { layers: value } : value),
    z.object({
      name: z.string().min(1).optional(),
      layers: z.array(serialisedLayer),
      input_layers: z.unknown().optional(),
      output_layers: z.unknown().optional(),
      build_input_shape: z.array(z.int().positive().nullable()).nullish(),
    }),
  ),
});

/** No Keras version nests the lists of references deeper. */
const maxDepth = 6;

const modelClasses: readonly string[] = ['Model', 'Functional', 'Sequential'];

export function isModel(className: string): boolean {
  return modelClasses.includes(className);
}

/** Reads `{class_name, config}` of a Sequential or Functional model. Throws `model/topology`. */
export function readModel(value: unknown, where: string): SerialisedModel {
  const parsed = serialisedModel.safeParse(value);
  if (!parsed.success) {
    throw new InvalidInputError(
      'model/topology',
      `This is not a Sequential or Functional Keras model: ${z.prettifyError(parsed.error)}`,
      {
        where,
        hint: 'Models written by subclassing have no layer graph; rebuild the model with the functional API.',
      },
    );
  }
  const { class_name: className, config: model } = parsed.data;
  return {
    name: model.name ?? 'model',
    sequential: className === 'Sequential',
    layers: model.layers.map(readLayer),
    inputs: endpointNames(model.input_layers),
    outputs: endpointNames(model.output_layers),
    buildInputShape: model.build_input_shape ?? undefined,
  };
}

function readLayer(layer: z.output<typeof serialisedLayer>): SerialisedLayer {
  const configName = layer.config['name'];
  const name = layer.name ?? (typeof configName === 'string' ? configName : undefined);
  if (name === undefined)
    throw new InvalidInputError('model/topology', `A ${layer.class_name} layer has no name.`);
  const uses = (layer.inbound_nodes ?? []).map((node) => layerReferences(node, name));
  return { className: layer.class_name, name, config: layer.config, uses };
}

/** `["name", 0, 0]`, or a list of such. */
function endpointNames(value: unknown, depth = 0): readonly string[] {
  if (!Array.isArray(value) || depth > maxDepth) return [];
  if (typeof value[0] === 'string') return [value[0]];
  return value.flatMap((each) => endpointNames(each, depth + 1));
}

/** `["name", node, tensor, {...}]` of Keras 2. */
const reference = z.tuple([z.string(), z.int(), z.int()]).rest(z.unknown());
/** `{class_name: "__keras_tensor__", config: {keras_history: ["name", node, tensor]}}` of Keras 3. */
const kerasTensor = z.object({
  class_name: z.literal('__keras_tensor__'),
  config: z.object({ keras_history: reference }),
});
const keras3Node = z.object({ args: z.array(z.unknown()), kwargs: config.nullish() });

/** The layers that one use of a layer reads. */
function layerReferences(node: unknown, layerName: string): readonly string[] {
  const keras3 = keras3Node.safeParse(node);
  const references = keras3.success ? collect(keras3.data.args) : collect(node);
  const extra = keras3.success
    ? Object.values(keras3.data.kwargs ?? {})
    : references.flatMap((each) => each.slice(3));
  if (extra.some((value) => collect([value, Object.values(value ?? {})]).length > 0)) {
    throw new InvalidInputError('model/topology', 'It is called with tensors as named arguments.', {
      where: `layer "${layerName}"`,
      hint: 'Blockstill follows positional inputs only; rebuild the model with layers in place of functions.',
    });
  }
  for (const [name, , tensor] of references) {
    if (tensor === 0) continue;
    throw new InvalidInputError(
      'model/topology',
      `It reads output ${tensor} of "${name}"; layers have one output.`,
      {
        where: `layer "${layerName}"`,
      },
    );
  }
  return references.map(([name]) => name);
}

function collect(value: unknown, depth = 0): readonly z.output<typeof reference>[] {
  const plain = reference.safeParse(value);
  if (plain.success) return [plain.data];
  const tensor = kerasTensor.safeParse(value);
  if (tensor.success) return [tensor.data.config.keras_history];
  return Array.isArray(value) && depth < maxDepth ? value.flatMap((each) => collect(each, depth + 1)) : [];
}

import { readFile, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { z } from 'zod';
import { digestOfBytes, digestOfJson, type Digest } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { sameShape, type Shape } from '../graph/tensor.ts';
import { assembleNetwork, weightSpecsOf } from './assemble.ts';
import { flattenModel, type FlatLayer } from './flatten-model.ts';
import { describeShape, type WeightSpec } from './layers/layer-definition.ts';
import type { LayerKind } from './layers/layer-table.ts';
import { inputShapesOf, layerOf, type Network, type WeightTensor } from './network.ts';
import { readWeights, weightsManifest, type ReadShard } from './weight-data.ts';

export interface LoadOptions {
  /** `[height, width, channels]` for a network that leaves sides open; checked against one that does not. */
  readonly inputShape?: Shape | undefined;
  /** What the files must add up to, as `saveNetwork` returned it. */
  readonly digest?: Digest | undefined;
  readonly signal?: AbortSignal | undefined;
}

const modelJson = z.object({
  format: z.string().nullish(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest,
});

const topologyEnvelope = z.object({ model_config: z.record(z.string(), z.unknown()) });

/**
 * Loads a TensorFlow.js LayersModel: a `model.json`, or the folder that holds it, with the shards beside it.
 * Models that Keras wrote through the converter work as well.
 *
 * Throws `InvalidInputError` with a `model/...` code for whatever is wrong with the files.
 */
export async function loadNetwork(path: string, options: LoadOptions = {}): Promise<Network> {
  const file = await modelFile(path);
  const bytes = await readFile(file, { signal: options.signal });
  const digests = new Map([['model.json', digestOfBytes(bytes)]]);
  const readShard: ReadShard = async (shard) => {
    const content = await readShardBeside(file, shard, options.signal);
    digests.set(shard, digestOfBytes(content));
    return content;
  };
  const network = await networkFromJson(parseJson(bytes.toString('utf8'), file), readShard, {
    ...options,
    where: file,
  });
  if (options.digest !== undefined && modelDigest(digests) !== options.digest) {
    throw new InvalidInputError('model/changed', 'The model is not the one that was written here.', {
      where: file,
    });
  }
  return network;
}

/** One digest for a `model.json` and its weight files, from the digest of each. */
export function modelDigest(digests: ReadonlyMap<string, Digest>): Digest {
  return digestOfJson(Object.fromEntries(digests));
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInputError('model/not-json', 'The file is not JSON.', { where, cause });
  }
}

/** The same from a parsed `model.json` and any source of shards. */
export async function networkFromJson(
  json: unknown,
  readShard: ReadShard,
  options: LoadOptions & { readonly where?: string } = {},
): Promise<Network> {
  const where = options.where ?? 'model.json';
  const parsed = modelJson.safeParse(json);
  const { format } = z.object({ format: z.unknown() }).catch({ format: undefined }).parse(json);
  if (format === 'graph-model') {
    throw new InvalidInputError(
      'model/graph-model',
      'This is a TensorFlow.js GraphModel, whose layers cannot be exchanged.',
      {
        where,
        hint: 'Convert the Keras model with --output_format=tfjs_layers_model.',
      },
    );
  }
  if (!parsed.success) {
    throw new InvalidInputError(
      'model/format',
      `This is not a TensorFlow.js LayersModel: ${z.prettifyError(parsed.error)}`,
      { where },
    );
  }
  const { modelTopology: topology, weightsManifest: manifest } = parsed.data;
  const envelope = topologyEnvelope.safeParse(topology);
  const flat = flattenModel(envelope.success ? envelope.data.model_config : topology, {
    where,
    inputShape: options.inputShape,
  });
  const structure = assembleNetwork({
    name: flat.name,
    layers: flat.layers.map(({ sketch }) => sketch),
    output: flat.output,
    weights: new Map(),
  });
  const stored = await readWeights(manifest, readShard);
  return { ...structure, weights: assignWeights(structure, flat.layers, stored) };
}

async function modelFile(path: string): Promise<string> {
  try {
    return (await stat(path)).isDirectory() ? await modelFile(join(path, 'model.json')) : path;
  } catch (error) {
    throw new InvalidInputError('model/not-found', 'There is no model here.', {
      where: path,
      hint: 'Give a model.json of a TensorFlow.js LayersModel, or its folder.',
      cause: error,
    });
  }
}

async function readShardBeside(
  file: string,
  shard: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const normal = posix.normalize(shard.replaceAll('\\', '/'));
  if (posix.isAbsolute(normal) || normal.split('/').includes('..') || /^[A-Za-z]:/.test(normal)) {
    throw new InvalidInputError(
      'model/shard-path',
      `The shard "${shard}" lies outside of the model's folder.`,
      { where: file },
    );
  }
  try {
    return await readFile(join(dirname(file), normal), { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new InvalidInputError('model/shard-missing', `The shard "${shard}" cannot be read.`, {
      where: file,
      cause: error,
    });
  }
}

type Weights = ReadonlyMap<string, WeightTensor>;

/** Finds, checks and renames the weights of every layer. */
function assignWeights(network: Network, layers: readonly FlatLayer[], stored: Weights): Weights {
  const bySuffix = indexBySuffix(stored);
  const assigned = new Map<string, WeightTensor>();
  for (const { sketch, path } of layers) {
    if (!network.layers.some((layer) => layer.name === sketch.name)) continue;
    const inputs = inputShapesOf(network, layerOf(network, sketch.name));
    for (const spec of weightSpecsOf<LayerKind>(sketch, inputs)) {
      const where = `layer "${sketch.name}" (${sketch.kind})`;
      const found = fromConfig(sketch, spec) ?? findWeight({ stored, bySuffix }, { path, spec, where });
      checkWeight(found, spec, where);
      assigned.set(`${sketch.name}/${spec.name}`, found);
    }
  }
  return assigned;
}

/** Weights by their name and by every end of it that begins after a slash. */
function indexBySuffix(stored: Weights): ReadonlyMap<string, readonly WeightTensor[]> {
  const index = new Map<string, WeightTensor[]>();
  for (const [name, weight] of stored) {
    const parts = name.replace(/:0$/, '').split('/');
    for (let start = 0; start < parts.length; start++) {
      const suffix = parts.slice(start).join('/');
      index.set(suffix, [...(index.get(suffix) ?? []), weight]);
    }
  }
  return index;
}

interface StoredWeights {
  readonly stored: Weights;
  readonly bySuffix: ReadonlyMap<string, readonly WeightTensor[]>;
}

interface Wanted {
  readonly path: readonly string[];
  readonly spec: WeightSpec;
  readonly where: string;
}

/** Stored as `layer/weight`, with the names of models around it in front or not. */
function findWeight({ stored, bySuffix }: StoredWeights, { path, spec, where }: Wanted): WeightTensor {
  const keys = [spec.name, ...(spec.alsoKnownAs ?? [])].flatMap((weight) =>
    path.map((_, start) => [...path.slice(start), weight].join('/')),
  );
  for (const key of keys) {
    const [candidate, ...others] = bySuffix.get(key) ?? [];
    const found = stored.get(key) ?? (others.length === 0 ? candidate : undefined);
    if (found !== undefined) return found;
  }
  if (keys.some((key) => bySuffix.has(key))) {
    throw new InvalidInputError(
      'model/ambiguous-weight',
      `Several stored weights could be its "${spec.name}".`,
      { where },
    );
  }
  throw new InvalidInputError(
    'model/missing-weight',
    `Its weight "${spec.name}" is not among the stored weights.`,
    { where },
  );
}

function checkWeight(weight: WeightTensor, spec: WeightSpec, where: string): void {
  if (!sameShape(weight.shape, spec.shape)) {
    throw new InvalidInputError(
      'model/weight-shape',
      `Its weight "${spec.name}" must be ${describeShape(spec.shape)} and is ${describeShape(weight.shape)}.`,
      { where },
    );
  }
  if (!weight.values.every(Number.isFinite)) {
    throw new InvalidInputError(
      'model/weight-not-finite',
      `Its weight "${spec.name}" holds NaN or infinite values.`,
      { where },
    );
  }
}

/** A Normalization may carry its statistics in the config. */
function fromConfig(sketch: FlatLayer['sketch'], spec: WeightSpec): WeightTensor | undefined {
  if (sketch.kind !== 'Normalization') return undefined;
  const given = spec.name === 'mean' ? sketch.config.mean : sketch.config.variance;
  if (given == null) return undefined;
  const values =
    typeof given === 'number' ? new Float32Array(spec.shape[0] ?? 1).fill(given) : Float32Array.from(given);
  return { shape: [values.length], values };
}

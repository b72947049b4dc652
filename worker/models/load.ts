import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOfBytes, type Digest } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { modelDigest, shardFile } from '../../common/model-files.ts';
import type { Shape } from '../graph/tensor.ts';
import { assembleNetwork } from './assemble.ts';
import { assignWeights } from './assign-weights.ts';
import { flattenModel } from './flatten-model.ts';
import type { Network } from './network.ts';
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
const topologyVersion = z.object({ keras_version: z.string() });

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
  const version = topologyVersion.safeParse(topology);
  if (version.data?.keras_version.startsWith('3.')) refuseKeras3Activations(structure, where);
  const stored = await readWeights(manifest, readShard);
  return { ...structure, weights: assignWeights(structure, flat.layers, stored) };
}

/** Keras 3 changed the slope of hard_sigmoid from 1/5 to 1/6; TensorFlow.js computes the older one. */
function refuseKeras3Activations(network: Network, where: string): void {
  const layer = network.layers.find(
    ({ config }) => 'activation' in config && config.activation === 'hard_sigmoid',
  );
  if (layer === undefined) return;
  throw new InvalidInputError(
    'model/layer-config',
    `The layer "${layer.name}" uses the hard_sigmoid of Keras 3, which TensorFlow.js computes differently.`,
    { where },
  );
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
  const beside = shardFile(file, shard);
  if (beside === undefined) {
    throw new InvalidInputError(
      'model/shard-path',
      `The shard "${shard}" lies outside of the model's folder.`,
      { where: file },
    );
  }
  try {
    return await readFile(beside, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new InvalidInputError('model/shard-missing', `The shard "${shard}" cannot be read.`, {
      where: file,
      cause: error,
    });
  }
}

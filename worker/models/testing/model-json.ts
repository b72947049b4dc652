import { networkFromJson } from '../load.ts';
import type { Network } from '../network.ts';

/** Parts of `model.json` files, for tests of what is read from them and what is refused. */
export type Json = Record<string, unknown>;

export const inputLayer = (shape: readonly (number | null)[] = [null, 4, 4, 1]): Json => ({
  class_name: 'InputLayer',
  name: 'image',
  config: { name: 'image', batch_input_shape: shape },
  inbound_nodes: [],
});

export const layer = (
  className: string,
  name: string,
  inputs: readonly string[],
  config: Json = {},
): Json => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: [inputs.map((input) => [input, 0, 0, {}])],
});

export const functional = (layers: readonly Json[], output: string): Json => ({
  class_name: 'Functional',
  config: { name: 'net', layers, input_layers: [['image', 0, 0]], output_layers: [[output, 0, 0]] },
});

export const modelJson = (topology: Json, weights: readonly Json[] = [], paths = ['w.bin']): Json => ({
  modelTopology: topology,
  weightsManifest: [{ paths, weights }],
});

export const float32 = (name: string, shape: readonly number[]): Json => ({ name, shape, dtype: 'float32' });

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** The network of a model.json all of whose weights are in one shard. */
export const load = (
  json: Json,
  shard: Uint8Array = new Uint8Array(),
  inputShape?: readonly number[],
): Promise<Network> => networkFromJson(json, () => Promise.resolve(shard), { inputShape });

export const conv1x1 = { filters: 1, kernel_size: [1, 1], use_bias: false };

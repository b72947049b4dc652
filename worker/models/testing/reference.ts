import type { LayersModel } from '@tensorflow/tfjs-node-gpu';
import { randomStream } from '../../../common/random.ts';
import { Graph } from '../../graph/graph.ts';
import { identity } from '../../graph/nn.ts';
import { openSession } from '../../graph/session.ts';
import type { Tensor, Values } from '../../graph/tensor.ts';
import { loadTensorFlow } from '../../tensorflow.ts';
import { emitNetwork, variableValues } from '../emit.ts';
import { networkFromJson } from '../load.ts';
import { inputShapeOf, type Network } from '../network.ts';

export const { tf } = loadTensorFlow();

/** What `model.save` would write, as a parsed `model.json` and one shard. */
async function serialise(model: LayersModel): Promise<{ json: object; shard: Uint8Array }> {
  let result: { json: object; shard: Uint8Array } | undefined;
  const handler = tf.io.withSaveHandler((artifacts) => {
    const { modelTopology, weightSpecs, weightData } = artifacts;
    const shard = new Uint8Array(weightData as ArrayBuffer);
    result = {
      json: { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] },
      shard,
    };
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) });
  });
  await model.save(handler);
  if (result === undefined) throw new Error('the model was not saved');
  return result;
}

export async function networkOf(model: LayersModel): Promise<Network> {
  const { json, shard } = await serialise(model);
  // Through text, as from a file.
  return networkFromJson(JSON.parse(JSON.stringify(json)), () => Promise.resolve(shard));
}

/** Random values in place of fresh weights, BatchNorm statistics far from (0, 1). */
export function randomiseWeights(model: LayersModel): LayersModel {
  for (const layer of model.layers) {
    const fresh = layer.weights.map((weight) => {
      const stream = randomStream('test-weights', weight.originalName);
      const size = weight.shape.reduce<number>((product, side) => product * (side ?? 1), 1);
      const fanIn = Math.max(1, size / (weight.shape.at(-1) ?? 1));
      const positive = /gamma|moving_variance/.test(weight.originalName);
      const kernel = /kernel/.test(weight.originalName);
      const values = Float32Array.from({ length: size }, () =>
        positive ? 0.5 + stream.uniform() : stream.normal() * (kernel ? Math.sqrt(2 / fanIn) : 0.2),
      );
      return tf.tensor(values, weight.shape as number[]);
    });
    layer.setWeights(fresh);
  }
  return model;
}

/** Normal values for a batch of inputs. */
export function randomInputs(network: Network, batch: number): Float32Array {
  const stream = randomStream('test-inputs', network.name);
  const size = inputShapeOf(network).reduce((product, side) => product * side, batch);
  return Float32Array.from({ length: size }, () => stream.normal());
}

/** Every layer's output at inference, computed by the training graph. */
export function graphOutputs(network: Network, inputs: Float32Array, batch: number): Map<string, Values> {
  const tapped: Record<string, Tensor> = {};
  return runGraph(network, { inputs, batch }, (layer, output) => {
    // TensorFlow cannot fetch a tensor that it has fused away; an Identity keeps it.
    tapped[layer] = identity(output);
    return tapped;
  });
}

/** The network's output alone, so that TensorFlow fuses what it can. */
export function graphOutput(network: Network, inputs: Float32Array, batch: number): Values | undefined {
  return runGraph(network, { inputs, batch }, (_layer, output) => ({ output: identity(output) })).get(
    'output',
  );
}

function runGraph(
  network: Network,
  { inputs, batch }: { inputs: Float32Array; batch: number },
  fetchesUpTo: (layer: string, output: Tensor) => Readonly<Record<string, Tensor>>,
): Map<string, Values> {
  const graph = new Graph();
  const input = graph.placeholder('input', [batch, ...inputShapeOf(network)], 'float32');
  let fetch: Readonly<Record<string, Tensor>> = {};
  emitNetwork(network, {
    input,
    mode: 'inference',
    prefix: '',
    onOutput: (layer, output) => {
      fetch = fetchesUpTo(layer, output);
    },
  });
  graph.endpoint('run', { fetch });
  using session = openSession(graph, { device: 'CPU' });
  session.set(variableValues(network, ''));
  return new Map(Object.entries(session.run('run', { input: inputs })));
}

/** Every layer's output, computed by TensorFlow.js. */
export function tfjsOutputs(model: LayersModel, inputs: Float32Array, batch: number): Map<string, Values> {
  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  const all = tf.model({
    inputs: model.inputs,
    outputs: layers.map((layer) => layer.getOutputAt(0) as (typeof model.outputs)[number]),
  });
  const [shape] = model.inputs.map((each) => each.shape.slice(1) as number[]);
  const predicted = all.predict(tf.tensor(inputs, [batch, ...(shape ?? [])]));
  const tensors = Array.isArray(predicted) ? predicted : [predicted];
  return new Map(
    layers.map((layer, index) => [layer.name, tensors[index]?.dataSync<'float32'>() ?? new Float32Array()]),
  );
}

/** Largest difference over largest magnitude. */
export function relativeDifference(actual: Values | undefined, expected: Values | undefined): number {
  if (actual === undefined || expected === undefined || actual.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = 0;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index]! - expected[index]!));
    magnitude = Math.max(magnitude, Math.abs(expected[index]!));
  }
  return Number.isNaN(difference) ? Infinity : difference / Math.max(magnitude, 1e-12);
}

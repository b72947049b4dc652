/** Trains a replacement as a distill unit does: the batch gathered from resident activations, then one step. */
import { compileJob } from '../../../crds/compile-job.ts';
import { epochOrder, trainingRows } from '../../../worker/data/order.ts';
import { blockPrefix, emitBlock } from '../../../worker/distill/block-graph.ts';
import { declareBuffers } from '../../../worker/distill/buffers.ts';
import { Graph } from '../../../worker/graph/graph.ts';
import { gatherRows } from '../../../worker/graph/nn.ts';
import { openSession } from '../../../worker/graph/session.ts';
import { elementCount, type Values } from '../../../worker/graph/tensor.ts';
import { randomStream } from '../../../common/random.ts';
import { assembleNetwork, type LayerSketch } from '../../../worker/models/assemble.ts';
import { variableValues } from '../../../worker/models/emit.ts';
import { layerTable, type LayerKind } from '../../../worker/models/layers/layer-table.ts';
import { initialWeights } from '../../../worker/models/replacement.ts';
import { replacementOf } from '../../../worker/teacher/replacement-of.ts';
import { serve, trainerOptions } from './serve.ts';

const { channels, size, batchSize, steps, precision } = trainerOptions();
const shape = [size, size, channels];
const seed = 1;

const teacher = assembleNetwork({
  name: 'teacher',
  layers: [
    { name: 'input', kind: 'InputLayer', config: { shape }, inputs: [] },
    layer('Conv2D', 'conv', { filters: channels, kernelSize: 3, padding: 'same', useBias: false }, 'input'),
    layer('BatchNormalization', 'bn', {}, 'conv'),
    layer('ReLU', 'output', {}, 'bn'),
  ],
  output: 'output',
  weights: new Map(),
});
const { spec } = compileJob({
  apiVersion: 'blockstill.dev/v1alpha1',
  kind: 'DistillationJob',
  metadata: { name: 'bench' },
  spec: {
    teacher: { uri: 'file:///none' },
    dataset: { format: 'NPZ', train: { uri: 'file:///none' } },
    output: { uri: 'file:///none' },
    distill: { batchSize, learningRate: { initial: 0.001 } },
    execution: { device: 'CPU', precision },
  },
});
const planned = { name: 'block', layers: ['conv', 'bn', 'output'], input: 'input', output: 'output' };
const replacement = replacementOf(teacher, planned, spec);
const none = { parameters: 0, macs: 0 };
const block = {
  ...planned,
  inputShape: shape,
  outputShape: shape,
  meanSquare: 1,
  teacher: none,
  replacement: none,
};

const graph = new Graph();
const buffers = declareBuffers(graph, [block], batchSize);
const { step } = emitBlock(graph, { block, replacement, buffers, spec, stepsPerEpoch: steps });
const rows = graph.placeholder('rows', [batchSize], 'int32');
const resident = [...buffers].map(([boundary, buffer]) => ({
  buffer,
  cache: graph.variable(`cache/${boundary}`, [steps * batchSize, ...shape]),
}));
graph.endpoint('load', {
  run: resident.map(({ buffer, cache }) => graph.assign(buffer, gatherRows(cache, rows))),
});
using session = openSession(graph, { device: 'CPU' });
const weights = initialWeights(replacement, seed, block.name);
session.set(
  new Map([...variableValues({ ...replacement, weights }, blockPrefix(block.name)), ...step.initial]),
);
for (const { cache } of resident) session.set(new Map([[cache.name, activations(cache.name, cache.shape)]]));

const rates = new Float32Array(steps).fill(0.001);
let epoch = 0;
await serve(() => {
  const order = trainingRows(epochOrder(seed, epoch, steps * batchSize), batchSize);
  session.set(step.startEpoch({ firstStep: epoch * steps, rates }));
  epoch += 1;
  for (let first = 0; first < order.length; first += batchSize) {
    session.run('load', { rows: order.subarray(first, first + batchSize) });
    session.run(step.endpoint);
  }
  const { finite } = step.read(session);
  if (!finite) throw new Error('the loss is not finite');
});

function layer(kind: LayerKind, name: string, config: object, input: string): LayerSketch {
  return { name, kind, config: layerTable[kind].config.parse(config), inputs: [input] } as LayerSketch;
}

/** Normal values behind a ReLU. */
function activations(name: string, shapeOfAll: readonly number[]): Values {
  const stream = randomStream(seed, name);
  return Float32Array.from({ length: elementCount(shapeOfAll) }, () => Math.max(0, stream.normal()));
}

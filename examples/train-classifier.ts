import { epochOrder, stepsPerEpoch, trainingRows } from '../worker/data/order.ts';
import { batchesOf } from '../worker/evaluate/batches.ts';
import { Graph } from '../worker/graph/graph.ts';
import { crossEntropy } from '../worker/graph/losses.ts';
import { argMax, gather } from '../worker/graph/nn.ts';
import { learningRateTable } from '../worker/graph/schedule.ts';
import { openSession } from '../worker/graph/session.ts';
import type { Variable } from '../worker/graph/tensor.ts';
import { emitTrainStep } from '../worker/graph/train-step.ts';
import { emitNetwork, variableValues } from '../worker/models/emit.ts';
import { logitsOf } from '../worker/models/logits.ts';
import { inputShapeOf, type Network, type WeightTensor } from '../worker/models/network.ts';
import type { LabelledImages } from './labelled-images.ts';

export interface ClassifierTraining {
  readonly epochs: number;
  /** The highest learning rate of Adam: a short warm-up leads to it, half a cosine from it to 0. */
  readonly learningRate: number;
  /** From which the order of the images follows. */
  readonly seed: number;
  readonly onEpoch?: (epoch: EpochReport) => void;
}

export interface EpochReport {
  /** From 1. */
  readonly number: number;
  /** The mean of the epoch's steps. */
  readonly loss: number;
}

const batchSize = 64;
const warmupSteps = 20;

/**
 * Trains a network that ends in a softmax, by cross-entropy.
 *
 * The whole step (batch, forward and backward pass, optimizer, BatchNorm statistics) is one TensorFlow graph, and the
 * images stay in its session: a step is one native call that is given nothing and returns nothing.
 *
 * @returns the network with its trained weights
 */
export function trainClassifier(
  network: Network,
  data: LabelledImages,
  { epochs, learningRate, seed, onEpoch }: ClassifierTraining,
): Network {
  const count = data.labels.length;
  const steps = stepsPerEpoch(count, batchSize);
  const graph = new Graph();
  const images = graph.variable('images', [count, ...inputShapeOf(network)]);
  const labels = graph.variable('labels', [count], 'int32');
  let weights: readonly Variable[] = [];
  const step = emitTrainStep(graph, {
    name: 'train',
    batchSize,
    stepsPerEpoch: steps,
    optimizer: { name: 'Adam' },
    build: ({ indices }) => {
      // Cross-entropy takes logits: the softmax is part of the loss.
      const { output, variables, updates, state } = emitNetwork(logitsOf(network).network, {
        input: gather(graph.read(images), indices),
        mode: 'training',
        prefix: '',
      });
      weights = [...variables, ...state];
      return { loss: crossEntropy(output, gather(graph.read(labels), indices)), variables, updates };
    },
  });
  const rates = learningRateTable({ schedule: 'Cosine', initial: learningRate, warmupSteps }, epochs * steps);

  using session = openSession(graph, { device: 'CPU' });
  session.set(new Map([[images.name, scaled(data.pixels)]]));
  session.set(new Map([[labels.name, Int32Array.from(data.labels)]]));
  session.set(new Map([...variableValues(network, ''), ...step.initial]));
  for (let epoch = 0; epoch < epochs; epoch++) {
    const firstStep = epoch * steps;
    const order = trainingRows(epochOrder(seed, epoch, count), batchSize);
    session.set(step.startEpoch({ firstStep, rates: rates.slice(firstStep, firstStep + steps), order }));
    for (let done = 0; done < steps; done++) session.run(step.endpoint);
    onEpoch?.({ number: epoch + 1, loss: step.read(session).lossSum / steps });
  }

  const trained = new Map(network.weights);
  const values = session.get(weights.map(({ name }) => name));
  for (const { name, shape } of weights) {
    trained.set(name, { shape, values: new Float32Array(values.get(name) ?? []) } satisfies WeightTensor);
  }
  return { ...network, weights: trained };
}

/** The share of images whose class the network names. */
export function accuracyOf(network: Network, data: LabelledImages): number {
  const shape = inputShapeOf(network);
  const pixelsEach = data.height * data.width;
  const graph = new Graph();
  const input = graph.placeholder('images', [batchSize, ...shape], 'float32');
  const { output } = emitNetwork(network, { input, mode: 'inference', prefix: '' });
  graph.endpoint('predict', { fetch: { predictions: argMax(output, -1) } });
  using session = openSession(graph, { device: 'CPU' });
  session.set(variableValues(network, ''));

  const batch = new Uint8Array(batchSize * pixelsEach);
  let right = 0;
  for (const { first, valid } of batchesOf(data.labels.length, batchSize)) {
    batch.set(data.pixels.subarray(first * pixelsEach, (first + valid) * pixelsEach));
    const { predictions = [] } = session.run('predict', { images: scaled(batch) });
    for (let row = 0; row < valid; row++) right += predictions[row] === data.labels[first + row] ? 1 : 0;
  }
  return right / data.labels.length;
}

/** 0..255 to 0..1, as `rescale: 0.00392156862745098` in the manifest. */
function scaled(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (pixel) => pixel / 255);
}

import { describe, expect, test } from 'vitest';
import { randomStream } from '../../common/random.ts';
import { Graph } from './graph.ts';
import { emitTrainStep } from './train-step.ts';
import type { OptimizerSpec } from './optimizers.ts';
import { openSession } from './session.ts';
import { multiply, sum } from './nn.ts';
import { separableNet } from './testing/separable-net.ts';
import type { Values } from './tensor.ts';

const [batchSize, stepsPerEpoch] = [4, 6];
const rates = Float32Array.from({ length: stepsPerEpoch }, (_, step) => 0.02 / (step + 1));
const epochs = 4;

interface Training {
  readonly executor?: 'graph' | 'eager';
  readonly stepsPerCall?: number;
  readonly optimizer?: OptimizerSpec;
  /** Adds endpoints and variables that have nothing to do with the step. */
  readonly company?: boolean;
}

/** Trains for some epochs; gives every variable of the session at the end. */
function trained({ executor = 'graph', stepsPerCall, optimizer, company = false }: Training = {}): Map<
  string,
  Values
> {
  const graph = new Graph();
  const others = company ? [separableNet(graph, { prefix: 'other/' })] : [];
  const net = separableNet(graph);
  const options = { batchSize, stepsPerEpoch, optimizer: optimizer ?? { name: 'Adam' } } as const;
  const beside = others.map(({ build }) => emitTrainStep(graph, { ...options, name: 'other', build }));
  const calls = stepsPerCall === undefined ? {} : { stepsPerCall };
  const step = emitTrainStep(graph, { ...options, ...calls, name: 'train', build: net.build });
  graph.endpoint('loss', {
    fetch: { loss: net.build({ indices: graph.constant([0, 1], [2], 'int32') }).loss },
  });
  using session = openSession(graph, { executor, device: 'CPU' });
  for (const { values } of [net, ...others]) session.set(values);
  for (const { initial } of [step, ...beside]) session.set(initial);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = randomStream('order', epoch).permutation(batchSize * stepsPerEpoch);
    session.set(step.startEpoch({ firstStep: epoch * stepsPerEpoch, rates, order }));
    for (let done = 0; done < stepsPerEpoch; done += stepsPerCall ?? 1) {
      session.run(step.callEndpoint ?? step.endpoint);
      if (company) session.run('loss');
    }
  }
  return session.get([...net.values.keys(), ...step.state]);
}

describe('a training step', () => {
  const alone = trained();

  test('gives the same bits inside one TensorFlow graph and operation by operation', () => {
    expect(trained({ executor: 'eager' })).toEqual(alone);
  });

  test.each([2, 6])('gives the same bits when a call does %i steps', (stepsPerCall) => {
    expect(trained({ stepsPerCall })).toEqual(alone);
  });

  test.each(['SGD', 'RMSprop', 'AdamW'] as const)(
    'of %s gives the same bits in one call and in many',
    (name) => {
      const optimizer = { name, momentum: 0.5 };
      expect(trained({ stepsPerCall: 3, optimizer })).toEqual(trained({ optimizer }));
    },
  );

  test('gives the same bits whatever else the session holds and runs', () => {
    expect(trained({ company: true })).toEqual(alone);
  });
});

/** Follows one weight w from 1 with loss = w * (sum of the batch's indices) and plain gradient descent. */
function tinyStep(stepsPerEpochNow: number) {
  const graph = new Graph();
  const weight = graph.variable('weight', []);
  const data = graph.variable('data', [4]);
  const step = emitTrainStep(graph, {
    name: 'train',
    batchSize: 2,
    stepsPerEpoch: stepsPerEpochNow,
    optimizer: { name: 'SGD' },
    build: ({ indices }) => {
      const [picked] = graph.apply('GatherV2', [
        graph.read(data),
        indices,
        graph.constant(0, [], 'int32'),
      ]).outputs;
      return { loss: multiply(sum(picked!), graph.read(weight)), variables: [weight], updates: [] };
    },
  });
  const session = openSession(graph, { device: 'CPU' });
  session.set(
    new Map([...step.initial, ['weight', Float32Array.of(1)], ['data', Float32Array.of(1, 10, 100, 1000)]]),
  );
  return { session, step };
}

test('a step takes its samples, its learning rate and its place from the session', () => {
  const { session, step } = tinyStep(2);
  using _ = session;
  session.set(
    step.startEpoch({ firstStep: 6, rates: Float32Array.of(1, 0.5), order: Int32Array.of(3, 0, 1, 2) }),
  );
  session.run('train');
  // Samples 3 and 0: the gradient is 1001, the rate 1.
  expect(session.get(['weight']).get('weight')).toEqual(Float32Array.of(-1000));
  expect(step.read(session)).toEqual({ step: 7, loss: 1001, lossSum: 1001, finite: true });
  session.run('train');
  // Samples 1 and 2: the gradient is 110, the rate 0.5.
  expect(session.get(['weight']).get('weight')).toEqual(Float32Array.of(-1055));
  expect(step.read(session)).toEqual({ step: 8, loss: -110_000, lossSum: -108_999, finite: true });
});

test('a loss that is not a number stays visible until the next epoch', () => {
  const { session, step } = tinyStep(3);
  using _ = session;
  session.set(new Map([['weight', Float32Array.of(Number.NaN)]]));
  session.run('train');
  session.set(new Map([['weight', Float32Array.of(1)]]));
  session.run('train');
  expect(step.read(session).finite).toBe(false);
  session.set(step.startEpoch({ firstStep: 3, rates: Float32Array.of(1, 1, 1) }));
  session.run('train');
  expect(step.read(session).finite).toBe(true);
});

test('a checkpoint of the state continues with the same bits', () => {
  const run = (interrupted: boolean): Map<string, Values> => {
    const graph = new Graph();
    const net = separableNet(graph);
    const step = emitTrainStep(graph, {
      name: 'train',
      batchSize,
      stepsPerEpoch,
      optimizer: { name: 'Adam' },
      build: net.build,
    });
    const kept = [...net.values.keys(), ...step.state];
    let session = openSession(graph, { device: 'CPU' });
    session.set(new Map([...net.values, ...step.initial]));
    session.set(step.startEpoch({ firstStep: 0, rates, order: randomStream('order').permutation(24) }));
    for (let done = 0; done < stepsPerEpoch; done++) {
      session.run('train');
      if (!interrupted || done !== 2) continue;
      const checkpoint = session.get(kept);
      session[Symbol.dispose]();
      session = openSession(graph, { device: 'CPU' });
      session.set(checkpoint);
    }
    using _ = session;
    return session.get(kept);
  };
  expect(run(true)).toEqual(run(false));
});

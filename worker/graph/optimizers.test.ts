import { describe, expect, test } from 'vitest';
import { gradients } from './gradients.ts';
import { Graph } from './graph.ts';
import { multiply, square, sum } from './nn.ts';
import type { OptimizerSpec } from './optimizers.ts';
import { applyOptimizer } from './optimizers.ts';
import { openSession } from './session.ts';

const start = [1, -2, 0.5];
const curvature = [1, 3, 10];
const rate = 0.05;

/** Minimises sum(curvature * weight^2) / 2, whose gradient is curvature * weight, for ten steps. */
function trained(spec: OptimizerSpec): number[] {
  const graph = new Graph();
  const weights = graph.variable('weights', [3]);
  const loss = multiply(sum(multiply(square(graph.read(weights)), graph.constant(curvature))), 0.5);
  const { operations, initial } = applyOptimizer(graph, spec, {
    variables: [weights],
    gradients: gradients(loss, [weights]),
    learningRate: graph.constant(rate),
    prefix: 'optimizer/',
  });
  graph.endpoint('step', { run: operations });
  using session = openSession(graph, { device: 'CPU' });
  session.set(new Map([...initial, ['weights', Float32Array.from(start)]]));
  for (let step = 0; step < 10; step++) session.run('step');
  return [...(session.get(['weights']).get('weights') ?? [])];
}

interface State {
  weight: number;
  first: number;
  second: number;
}

type Rule = (state: State, gradient: number, step: number) => void;

/** The same ten steps by the optimizer's published formula, in float64. */
function expected(rule: Rule): number[] {
  return start.map((weight, index) => {
    const state = { weight, first: 0, second: 0 };
    for (let step = 1; step <= 10; step++) rule(state, state.weight * (curvature[index] ?? 0), step);
    return state.weight;
  });
}

function momentum(share: number, nesterov: boolean): Rule {
  return (state, gradient) => {
    state.first = share * state.first - rate * gradient;
    state.weight += nesterov ? share * state.first - rate * gradient : state.first;
  };
}

function adam({
  beta1,
  beta2,
  epsilon,
  decay,
}: Record<'beta1' | 'beta2' | 'epsilon' | 'decay', number>): Rule {
  return (state, gradient, step) => {
    state.weight -= rate * decay * state.weight;
    state.first = beta1 * state.first + (1 - beta1) * gradient;
    state.second = beta2 * state.second + (1 - beta2) * gradient ** 2;
    const correctedRate = (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
    state.weight -= (correctedRate * state.first) / (Math.sqrt(state.second) + epsilon);
  };
}

function rmsprop({ rho, share, epsilon }: Record<'rho' | 'share' | 'epsilon', number>): Rule {
  return (state, gradient) => {
    state.second = rho * state.second + (1 - rho) * gradient ** 2;
    state.first = share * state.first + (rate * gradient) / Math.sqrt(state.second + epsilon);
    state.weight -= state.first;
  };
}

const keras = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const cases: readonly (readonly [string, OptimizerSpec, Rule])[] = [
  ['SGD', { name: 'SGD' }, momentum(0, false)],
  ['SGD with momentum', { name: 'SGD', momentum: 0.8 }, momentum(0.8, false)],
  ['SGD with Nesterov momentum', { name: 'SGD', momentum: 0.8, nesterov: true }, momentum(0.8, true)],
  ['RMSprop', { name: 'RMSprop' }, rmsprop({ rho: 0.9, share: 0, epsilon: 1e-7 })],
  [
    'RMSprop with momentum',
    { name: 'RMSprop', rho: 0.7, momentum: 0.5, epsilon: 1e-3 },
    rmsprop({ rho: 0.7, share: 0.5, epsilon: 1e-3 }),
  ],
  ['Adam', { name: 'Adam' }, adam({ ...keras, decay: 0 })],
  [
    'Adam with other constants',
    { name: 'Adam', beta1: 0.5, beta2: 0.9, epsilon: 0.01 },
    adam({ beta1: 0.5, beta2: 0.9, epsilon: 0.01, decay: 0 }),
  ],
  ['AdamW', { name: 'AdamW' }, adam({ ...keras, decay: 0.004 })],
  ['AdamW with strong decay', { name: 'AdamW', weightDecay: 0.5 }, adam({ ...keras, decay: 0.5 })],
];

describe('ten steps follow the published formula', () => {
  test.each(cases)('of %s', (_name, spec, rule) => {
    const weights = trained(spec);
    expected(rule).forEach((weight, index) => expect(weights[index]).toBeCloseTo(weight, 5));
  });
});

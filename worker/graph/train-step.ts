import { gradients } from './gradients.ts';
import type { Graph } from './graph.ts';
import { add, identity, multiply, reshape, slice, subtract } from './nn.ts';
import type { OptimizerSpec } from './optimizers.ts';
import { applyOptimizer } from './optimizers.ts';
import type { Session } from './session.ts';
import type { Operation, Tensor, Values, Variable } from './tensor.ts';

/** What the loss of a step may depend on. */
export interface Batch {
  /** int32 `[batch]`: the samples of this step. */
  readonly indices: Tensor;
  /** int32 scalar: the number of steps done before, in all epochs. */
  readonly step: Tensor;
}

export interface StepLoss {
  /** A scalar. */
  readonly loss: Tensor;
  /** What is trained. */
  readonly variables: readonly Variable[];
  /** What else changes with a step, such as BatchNorm statistics. */
  readonly updates: readonly Operation[];
}

export interface TrainStepOptions {
  /** The endpoint's name, and with a `/` behind it the prefix of the step's own variables. */
  readonly name: string;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly optimizer: OptimizerSpec;
  /** Builds the loss; with `stepsPerCall`, once for each step of the call. */
  readonly build: (batch: Batch) => StepLoss;
  /** Adds `callEndpoint`, which does so many steps in one call. Default: none. */
  readonly stepsPerCall?: number;
}

/** What starts with an epoch. */
export interface Epoch {
  /** The steps done in earlier epochs. */
  readonly firstStep: number;
  /** The learning rate of each step, at most `stepsPerEpoch`. */
  readonly rates: Float32Array;
  /** The samples of all steps, batch by batch; not needed when the loss takes no `indices`. */
  readonly order?: Int32Array;
}

/** How an epoch stands. */
export interface Progress {
  readonly step: number;
  /** The loss of the last step. */
  readonly loss: number;
  /** The sum of the losses of the epoch's steps; NaN or infinite as soon as one of them was. */
  readonly lossSum: number;
  readonly finite: boolean;
}

export interface TrainStep {
  /** Does one step, without feeds or fetches. */
  readonly endpoint: string;
  /** Does `stepsPerCall` steps with the bits of as many calls of `endpoint`; the epoch must have them left. */
  readonly callEndpoint: string | undefined;
  /** First values of everything that the step keeps besides the trained variables. */
  readonly initial: ReadonlyMap<string, Values>;
  /** The names of everything that a checkpoint needs besides the updated variables of the network. */
  readonly state: readonly string[];
  /** What to set in the session at an epoch's start. */
  startEpoch(epoch: Epoch): Map<string, Values>;
  read(session: Session): Progress;
}

/**
 * Adds a training step to a graph: batch, loss, gradients, optimizer, all updates and the loss's sum in one endpoint.
 * Learning rates, sample order and counters are variables of the session, so that nothing has to be fed.
 */
export function emitTrainStep(graph: Graph, options: TrainStepOptions): TrainStep {
  const { name, batchSize, stepsPerEpoch, stepsPerCall } = options;
  const names = stateNames(name);
  const initial = new Map<string, Values>([
    [names.step, Int32Array.of(0)],
    [names.firstStep, Int32Array.of(0)],
    [names.rates, new Float32Array(stepsPerEpoch)],
    [names.order, new Int32Array(stepsPerEpoch * batchSize)],
    [names.lossSum, Float32Array.of(0)],
    [names.loss, Float32Array.of(0)],
  ]);
  const callEndpoint = stepsPerCall === undefined ? undefined : `${name}/call`;
  graph.endpoint(name, { run: emitStep(graph, options, initial) });
  if (callEndpoint !== undefined) {
    let done: readonly Operation[] = [];
    for (let step = 0; step < (stepsPerCall ?? 0); step++) {
      const before = done;
      done = graph.following(before, () => emitStep(graph, options, initial));
    }
    graph.endpoint(callEndpoint, { run: done });
  }
  return {
    endpoint: name,
    callEndpoint,
    initial,
    state: [...initial.keys()],
    startEpoch: ({ firstStep, rates, order }) => {
      const table = new Float32Array(stepsPerEpoch);
      table.set(rates);
      const values = new Map<string, Values>([
        [names.step, Int32Array.of(firstStep)],
        [names.firstStep, Int32Array.of(firstStep)],
        [names.rates, table],
        [names.lossSum, Float32Array.of(0)],
      ]);
      return order === undefined ? values : values.set(names.order, order);
    },
    read: (session) => {
      const values = session.get([names.step, names.loss, names.lossSum]);
      const [step, loss, lossSum] = [...values.values()].map(([value = Number.NaN]) => value);
      return { step: step ?? 0, loss: loss ?? 0, lossSum: lossSum ?? 0, finite: Number.isFinite(lossSum) };
    },
  };
}

function stateNames(name: string) {
  const prefixed = (variable: string): string => `${name}/${variable}`;
  return {
    step: prefixed('step'),
    firstStep: prefixed('firstStep'),
    rates: prefixed('rates'),
    order: prefixed('order'),
    lossSum: prefixed('lossSum'),
    loss: prefixed('loss'),
  };
}

/** One step; gives every operation that must have run when it is over. Adds the optimizer's state to `initial`. */
function emitStep(
  graph: Graph,
  options: TrainStepOptions,
  initial: Map<string, Values>,
): readonly Operation[] {
  const { name, batchSize, stepsPerEpoch, optimizer, build } = options;
  const names = stateNames(name);
  const stepVariable = graph.variable(names.step, [], 'int32');
  const step = graph.read(stepVariable);
  const position = reshape(subtract(step, graph.read(graph.variable(names.firstStep, [], 'int32'))), [1]);
  const order = graph.read(graph.variable(names.order, [stepsPerEpoch * batchSize], 'int32'));
  const rates = graph.read(graph.variable(names.rates, [stepsPerEpoch]));
  const indices = slice(order, multiply(position, batchSize), [batchSize]);
  const { loss, variables, updates } = build({ indices, step });
  const applied = applyOptimizer(graph, optimizer, {
    variables,
    gradients: gradients(loss, variables),
    learningRate: reshape(slice(rates, position, [1]), []),
    prefix: `${name}/`,
    after: [loss.operation],
  });
  for (const [slot, values] of applied.initial) initial.set(slot, values);
  const sum = graph.variable(names.lossSum, []);
  return [
    ...updates,
    ...applied.operations,
    graph.assign(stepVariable, add(step, 1)),
    graph.assign(sum, add(graph.read(sum), loss)),
    graph.assign(graph.variable(names.loss, []), identity(loss)),
  ];
}

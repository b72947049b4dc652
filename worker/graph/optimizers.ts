import type { Graph } from './graph.ts';
import { multiply } from './nn/arithmetic.ts';
import type { Operation, Tensor, Values, Variable } from './tensor.ts';
import { elementCount } from './tensor.ts';

/** Names, fields and defaults are those of Keras. */
export interface OptimizerSpec {
  readonly name: 'SGD' | 'RMSprop' | 'Adam' | 'AdamW';
  /** SGD, RMSprop: default 0. */
  readonly momentum?: number;
  /** SGD: default false. */
  readonly nesterov?: boolean;
  /** RMSprop: default 0.9. */
  readonly rho?: number;
  /** Adam, AdamW: default 0.9. */
  readonly beta1?: number;
  /** Adam, AdamW: default 0.999. */
  readonly beta2?: number;
  /** RMSprop, Adam, AdamW: default 1e-7. */
  readonly epsilon?: number;
  /** AdamW: default 0.004. */
  readonly weightDecay?: number;
}

export interface OptimizerInputs {
  readonly variables: readonly Variable[];
  readonly gradients: readonly Tensor[];
  /** A scalar. */
  readonly learningRate: Tensor;
  /** Comes before the names of the optimizer's own variables. */
  readonly prefix: string;
}

export interface AppliedOptimizer {
  readonly operations: Operation[];
  /** The first values of the optimizer's own variables. */
  readonly initial: Map<string, Values>;
}

/** One update of all variables, in place. */
export function applyOptimizer(graph: Graph, spec: OptimizerSpec, inputs: OptimizerInputs): AppliedOptimizer {
  const state = new OptimizerState(graph, inputs.prefix);
  const operations = ruleOf(spec)(graph, inputs, state);
  return { operations, initial: state.initial };
}

type Rule = (graph: Graph, inputs: OptimizerInputs, state: OptimizerState) => Operation[];

function ruleOf(spec: OptimizerSpec): Rule {
  switch (spec.name) {
    case 'SGD':
      return stochasticGradientDescent(spec);
    case 'RMSprop':
      return rmsprop(spec);
    case 'Adam':
      return adam(spec, 0);
    case 'AdamW':
      return adam(spec, spec.weightDecay ?? 0.004);
  }
}

/** The optimizer's own variables, with their first values. */
class OptimizerState {
  readonly initial = new Map<string, Values>();
  readonly #graph: Graph;
  readonly #prefix: string;

  constructor(graph: Graph, prefix: string) {
    this.#graph = graph;
    this.#prefix = prefix;
  }

  /** A variable of the same shape for each trained variable, zero at first. */
  slot(kind: string, variable: Variable): Tensor {
    const name = `${this.#prefix}${kind}/${variable.name}`;
    this.initial.set(name, new Float32Array(elementCount(variable.shape)));
    return this.#graph.variable(name, variable.shape).handle;
  }

  scalar(kind: string, value: number): Variable {
    const name = `${this.#prefix}${kind}`;
    this.initial.set(name, Float32Array.of(value));
    return this.#graph.variable(name, []);
  }
}

/** velocity = momentum velocity - rate gradient; weight += velocity, looking ahead with Nesterov. */
function stochasticGradientDescent({ momentum = 0, nesterov = false }: OptimizerSpec): Rule {
  return (graph, { variables, gradients, learningRate }, state) =>
    eachVariable(variables, gradients, (variable, gradient) => {
      if (momentum === 0)
        return graph.apply('ResourceApplyGradientDescent', [variable.handle, learningRate, gradient]);
      const velocity = state.slot('velocity', variable);
      const inputs = [variable.handle, velocity, learningRate, gradient, graph.constant(momentum)];
      return graph.apply('ResourceApplyKerasMomentum', inputs, { use_nesterov: nesterov });
    });
}

/** square = rho square + (1 - rho) gradient^2; step = momentum step + rate gradient / sqrt(square + epsilon). */
function rmsprop({ rho = 0.9, momentum = 0, epsilon = 1e-7 }: OptimizerSpec): Rule {
  return (graph, { variables, gradients, learningRate }, state) =>
    eachVariable(variables, gradients, (variable, gradient) => {
      const slots = [state.slot('square', variable), state.slot('step', variable)];
      const settings = [rho, momentum, epsilon].map((value) => graph.constant(value));
      return graph.apply('ResourceApplyRMSProp', [
        variable.handle,
        ...slots,
        learningRate,
        ...settings,
        gradient,
      ]);
    });
}

/** Adam (arXiv 1412.6980, the form before section 2.1); with decay, AdamW (arXiv 1711.05101) in Keras's form. */
function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: OptimizerSpec, weightDecay: number): Rule {
  return (graph, { variables, gradients, learningRate }, state) => {
    const powers = [state.scalar('beta1Power', beta1), state.scalar('beta2Power', beta2)] as const;
    const settings = [beta1, beta2, epsilon].map((value) => graph.constant(value));
    const operations = eachVariable(variables, gradients, (variable, gradient) => {
      const decay =
        weightDecay === 0 ? [] : [decayWeights(graph, variable, multiply(learningRate, weightDecay))];
      const slots = [state.slot('m', variable), state.slot('v', variable)];
      const read = powers.map((power) => graph.read(power));
      const inputs = [variable.handle, ...slots, ...read, learningRate, ...settings, gradient];
      return graph.apply('ResourceApplyAdam', inputs, {}, { after: decay });
    });
    const [first, second] = powers;
    operations.push(graph.assign(first, multiply(graph.read(first), beta1)));
    operations.push(graph.assign(second, multiply(graph.read(second), beta2)));
    return operations;
  };
}

/** weight -= rate weight, before the step itself. */
function decayWeights(graph: Graph, variable: Variable, rate: Tensor): Operation {
  return graph.apply('AssignSubVariableOp', [variable.handle, multiply(graph.read(variable), rate)]);
}

function eachVariable(
  variables: readonly Variable[],
  gradients: readonly Tensor[],
  update: (variable: Variable, gradient: Tensor) => Operation,
): Operation[] {
  return variables.flatMap((variable, index) => {
    const gradient = gradients[index];
    return gradient === undefined ? [] : [update(variable, gradient)];
  });
}

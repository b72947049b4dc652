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
  /** What else reads the variables and must have done so, such as the loss. */
  readonly after?: readonly Operation[];
}

export interface AppliedOptimizer {
  readonly operations: Operation[];
  /** The first values of the optimizer's own variables. */
  readonly initial: Map<string, Values>;
}

/** One update of all variables, in place. */
export function applyOptimizer(graph: Graph, spec: OptimizerSpec, inputs: OptimizerInputs): AppliedOptimizer {
  const { variables, gradients, learningRate, prefix, after = [] } = inputs;
  const initial = new Map<string, Values>();
  const operations = ruleOf(spec)({
    graph,
    learningRate,
    after,
    weights: variables.flatMap((variable, index) => {
      const gradient = gradients[index];
      return gradient === undefined ? [] : [{ variable, gradient }];
    }),
    slot: (kind, variable) => {
      const name = `${prefix}${kind}/${variable.name}`;
      initial.set(name, new Float32Array(elementCount(variable.shape)));
      return graph.variable(name, variable.shape).handle;
    },
    scalar: (kind, value) => {
      initial.set(`${prefix}${kind}`, Float32Array.of(value));
      return graph.variable(`${prefix}${kind}`, []);
    },
  });
  return { operations, initial };
}

/** What a rule works with. */
interface Training {
  readonly graph: Graph;
  readonly weights: readonly { readonly variable: Variable; readonly gradient: Tensor }[];
  readonly learningRate: Tensor;
  readonly after: readonly Operation[];
  /** State of the shape of a trained variable, zero at first. */
  readonly slot: (kind: string, variable: Variable) => Tensor;
  readonly scalar: (kind: string, value: number) => Variable;
}

type Rule = (training: Training) => Operation[];

function ruleOf(spec: OptimizerSpec): Rule {
  switch (spec.name) {
    case 'SGD':
      return spec.momentum ? descentWithMomentum(spec.momentum, spec.nesterov ?? false) : descent;
    case 'RMSprop':
      return rmsprop(spec);
    case 'Adam':
      return adam(spec);
    case 'AdamW':
      return withDecay(adam(spec), spec.weightDecay ?? 0.004);
  }
}

/** weight -= rate gradient */
function descent({ graph, weights, learningRate, after }: Training): Operation[] {
  return weights.map(({ variable, gradient }) =>
    graph.apply('ResourceApplyGradientDescent', [variable.handle, learningRate, gradient], {}, { after }),
  );
}

/** velocity = momentum velocity - rate gradient; weight += velocity, or with Nesterov where that would lead next. */
function descentWithMomentum(momentum: number, nesterov: boolean): Rule {
  return ({ graph, weights, learningRate, after, slot }) =>
    weights.map(({ variable, gradient }) => {
      const velocity = slot('velocity', variable);
      const inputs = [variable.handle, velocity, learningRate, gradient, graph.constant(momentum)];
      return graph.apply('ResourceApplyKerasMomentum', inputs, { use_nesterov: nesterov }, { after });
    });
}

/** square = rho square + (1 - rho) gradient^2; step = momentum step + rate gradient / sqrt(square + epsilon). */
function rmsprop({ rho = 0.9, momentum = 0, epsilon = 1e-7 }: OptimizerSpec): Rule {
  return ({ graph, weights, learningRate, after, slot }) =>
    weights.map(({ variable, gradient }) => {
      const slots = [slot('square', variable), slot('step', variable)];
      const settings = [rho, momentum, epsilon].map((value) => graph.constant(value));
      const inputs = [variable.handle, ...slots, learningRate, ...settings, gradient];
      return graph.apply('ResourceApplyRMSProp', inputs, {}, { after });
    });
}

/** Adam (arXiv 1412.6980), with epsilon where Keras has it: beside the uncorrected second moment. */
function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: OptimizerSpec): Rule {
  return ({ graph, weights, learningRate, after, slot, scalar }) => {
    const powers = [scalar('beta1Power', beta1), scalar('beta2Power', beta2)] as const;
    const settings = [beta1, beta2, epsilon].map((value) => graph.constant(value));
    const steps = weights.map(({ variable, gradient }) => {
      const state = [slot('m', variable), slot('v', variable), ...powers.map((power) => graph.read(power))];
      const inputs = [variable.handle, ...state, learningRate, ...settings, gradient];
      return graph.apply('ResourceApplyAdam', inputs, {}, { after });
    });
    const raise = (power: Variable, beta: number): Operation =>
      graph.assign(power, multiply(graph.read(power), beta));
    return [...steps, raise(powers[0], beta1), raise(powers[1], beta2)];
  };
}

/** weight -= rate decay weight, before the step itself (arXiv 1711.05101, in Keras's form). */
function withDecay(rule: Rule, decay: number): Rule {
  return (training) => {
    const { graph, weights, learningRate, after } = training;
    const decays = weights.map(({ variable }) => {
      const change = multiply(graph.read(variable), multiply(learningRate, decay));
      return graph.apply('AssignSubVariableOp', [variable.handle, change], {}, { after });
    });
    return rule({ ...training, after: [...after, ...decays] });
  };
}

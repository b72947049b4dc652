import { completion } from './completion.ts';
import { cast } from './nn/layout.ts';
import type { Graph } from './graph.ts';
import type { DType, Tensor, Variable } from './tensor.ts';

/** The operations by which a session reads and writes one variable from outside. */
export interface StateAccess {
  readonly variable: Variable;
  readonly get: Tensor;
  /** Feed `value`, fetch `done`. */
  readonly set: { readonly value: Tensor; readonly done: Tensor };
}

const known = new WeakMap<Graph, Map<string, StateAccess>>();

/** Access to each variable of a graph; what is missing is added to the graph. */
export function stateAccess(graph: Graph): ReadonlyMap<string, StateAccess> {
  const access = known.get(graph) ?? new Map<string, StateAccess>();
  known.set(graph, access);
  for (const variable of graph.variables.values()) {
    if (!access.has(variable.name)) access.set(variable.name, addAccess(graph, variable));
  }
  return access;
}

/** As few operations as can be: TensorFlow goes through the whole graph once for every new set of fetches. */
function addAccess(graph: Graph, variable: Variable): StateAccess {
  const { shape, dtype } = variable;
  const [value] = graph.apply('Placeholder', [], { dtype: feedType(dtype), shape }).outputs;
  if (value === undefined) throw new Error('a placeholder has one output');
  return {
    variable,
    get: cast(graph.read(variable, []), fetchType(dtype)),
    set: { value, done: completion(graph, [graph.assign(variable, cast(value, dtype))]) },
  };
}

/** The binding can neither feed nor fetch bfloat16, and cannot fetch uint8. */
function feedType(dtype: DType): DType {
  return dtype === 'bfloat16' ? 'float32' : dtype;
}

function fetchType(dtype: DType): DType {
  return dtype === 'uint8' ? 'int32' : feedType(dtype);
}

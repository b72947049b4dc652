import { completion } from './completion.ts';
import { integers } from './nn/integers.ts';
import { output } from './nn/output.ts';
import type { Graph } from './graph.ts';
import type { DType, Tensor, Variable } from './tensor.ts';

/** The operations by which a session reads and writes one variable from outside. */
export interface StateAccess {
  readonly variable: Variable;
  readonly get: Tensor;
  /** Feed `value`, fetch `done`. */
  readonly set: { readonly value: Tensor; readonly done: Tensor };
  /** Feed a zero as `value`, fetch `done`. */
  readonly zero: { readonly value: Tensor; readonly done: Tensor };
  /** Feed row numbers and rows, fetch `done`; none for a scalar. */
  readonly setRows: { readonly rows: Tensor; readonly values: Tensor; readonly done: Tensor } | undefined;
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

function addAccess(graph: Graph, variable: Variable): StateAccess {
  const { shape, dtype } = variable;
  const value = fed(graph, shape, feedType(dtype));
  // Fed, not constant: TensorFlow would fold a constant fill into a tensor of the graph's own, and then copy it for the
  // first row that is replaced, so that a large variable would be in memory twice.
  const zero = fed(graph, [], feedType(dtype));
  const zeros = output('Fill', [integers(graph, shape), cast(zero, dtype)]);
  return {
    variable,
    get: cast(graph.read(variable, []), fetchType(dtype)),
    set: { value, done: completion(graph, [graph.assign(variable, cast(value, dtype))]) },
    zero: { value: zero, done: completion(graph, [graph.assign(variable, zeros)]) },
    setRows: shape.length === 0 ? undefined : addRowAccess(graph, variable),
  };
}

function addRowAccess(graph: Graph, { handle, shape, dtype }: Variable): StateAccess['setRows'] {
  const rows = fed(graph, [-1], 'int32');
  const values = fed(graph, [-1, ...shape.slice(1)], feedType(dtype));
  const update = graph.apply('ResourceScatterUpdate', [handle, rows, cast(values, dtype)]);
  return { rows, values, done: completion(graph, [update]) };
}

function fed(graph: Graph, shape: readonly number[], dtype: DType): Tensor {
  const [tensor] = graph.apply('Placeholder', [], { dtype, shape }).outputs;
  if (tensor === undefined) throw new Error('a placeholder has one output');
  return tensor;
}

function cast(tensor: Tensor, dtype: DType): Tensor {
  return tensor.dtype === dtype ? tensor : output('Cast', [tensor], { DstT: dtype });
}

/** The binding can neither feed nor fetch bfloat16, and cannot fetch uint8. */
function feedType(dtype: DType): DType {
  return dtype === 'bfloat16' ? 'float32' : dtype;
}

function fetchType(dtype: DType): DType {
  return dtype === 'uint8' ? 'int32' : feedType(dtype);
}

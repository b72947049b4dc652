import { BlockstillError } from '../../common/error.ts';
import { requireOrderedAccess } from './access-order.ts';
import { completion } from './completion.ts';
import { isFetchable } from './data-types.ts';
import type { OpDefinition } from './op-definition.ts';
import { completeAttributes } from './op-definition.ts';
import type { OpName } from './ops/index.ts';
import { operations as opTable } from './ops/index.ts';
import type { Attributes, DType, Operation, Shape, Tensor, Values, Variable } from './tensor.ts';
import { describeType, elementCount, sameShape } from './tensor.ts';

/** What one call of a session computes. */
export interface Endpoint {
  readonly fetch: Readonly<Record<string, Tensor>>;
  readonly run: readonly Operation[];
  /** Fetched besides, so that `run` runs. */
  readonly done: Tensor | undefined;
}

/**
 * TensorFlow operations as data. A graph is built once, differentiated by `gradients`, and run by a session.
 *
 * Operations are stored in the order in which they were added, which is an order in which they can run.
 */
export class Graph {
  readonly operations: Operation[] = [];
  readonly variables = new Map<string, Variable>();
  readonly placeholders = new Map<string, Tensor>();
  readonly endpoints = new Map<string, Endpoint>();
  readonly #constants = new Map<string, Tensor>();
  #reads = new Map<Variable, Tensor>();
  #readsAfter: readonly Operation[] = [];

  /** A value that is fed at each run. Feed int32 in loops: on a GPU a float feed blocks and is copied twice. */
  placeholder(name: string, shape: Shape, dtype: DType): Tensor {
    if (this.placeholders.has(name)) {
      throw new BlockstillError('graph/duplicate-name', `The graph has a placeholder "${name}" already.`);
    }
    const tensor = onlyOutput(this.apply('Placeholder', [], { dtype, shape }));
    this.placeholders.set(name, tensor);
    return tensor;
  }

  /** A constant; one number fills any shape. Equal constants are one operation. */
  constant(values: number | ArrayLike<number>, shape?: Shape, dtype: DType = 'float32'): Tensor {
    const sides = shape ?? (typeof values === 'number' ? [] : [values.length]);
    const count = elementCount(sides);
    const list = typeof values === 'number' ? Array.from({ length: count }, () => values) : values;
    if (list.length !== count) {
      throw new BlockstillError(
        'graph/shape',
        `A constant [${sides.join(', ')}] was given ${list.length} values.`,
      );
    }
    const value = constantValues(list, dtype);
    const key = `${dtype}[${sides.join(',')}]${Buffer.from(value.buffer).toString('base64')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const tensor = onlyOutput(this.apply('Const', [], { dtype, shape: sides, value }));
    this.#constants.set(key, tensor);
    return tensor;
  }

  /** The variable of this name; a new one starts uninitialised and is set through the session. */
  variable(name: string, shape: Shape, dtype: DType = 'float32'): Variable {
    const known = this.variables.get(name);
    if (known !== undefined) {
      if (known.dtype === dtype && sameShape(known.shape, shape)) return known;
      const types = `${describeType(known)}, not ${describeType({ shape, dtype })}`;
      throw new BlockstillError('graph/variable-mismatch', `The variable "${name}" is ${types}.`);
    }
    const handle = onlyOutput(this.apply('VarHandleOp', [], { shared_name: name, dtype, shape }));
    const variable: Variable = { name, shape, dtype, handle };
    this.variables.set(name, variable);
    return variable;
  }

  /** The value of a variable: before any update of the run, or after the given operations. */
  read(variable: Variable, after?: readonly Operation[]): Tensor {
    const known = after === undefined ? this.#reads.get(variable) : undefined;
    if (known !== undefined) return known;
    const { dtype, shape, handle } = variable;
    const order = { after: after ?? this.#readsAfter };
    const tensor = onlyOutput(this.apply('ReadVariableOp', [handle], { dtype, shape }, order));
    if (after === undefined) this.#reads.set(variable, tensor);
    return tensor;
  }

  /** Within `build`, variables are read anew, after the given operations: the next of several steps in one run. */
  following<Result>(after: readonly Operation[], build: () => Result): Result {
    const [reads, readsAfter] = [this.#reads, this.#readsAfter];
    this.#reads = new Map();
    this.#readsAfter = after;
    try {
      return build();
    } finally {
      this.#reads = reads;
      this.#readsAfter = readsAfter;
    }
  }

  assign(variable: Variable, value: Tensor, after: readonly Operation[] = []): Operation {
    if (value.dtype !== variable.dtype || !sameShape(value.shape, variable.shape)) {
      const types = `${describeType(variable)} and cannot hold ${describeType(value)}`;
      throw new BlockstillError('graph/variable-mismatch', `The variable "${variable.name}" is ${types}.`);
    }
    return this.apply('AssignVariableOp', [variable.handle, value], {}, { after });
  }

  /** Adds an operation. Its shapes, types and default attributes come from the table in `ops/`. */
  apply(
    op: OpName,
    inputs: readonly Tensor[],
    attributes: Attributes = {},
    options: { readonly after?: readonly Operation[] } = {},
  ): Operation {
    const definition: OpDefinition = opTable[op];
    if (inputs.some(({ graph }) => graph !== this)) {
      throw new BlockstillError('graph/foreign-tensor', `${op} was given a tensor of another graph.`);
    }
    const complete = completeAttributes(op, definition, { inputs, attributes });
    const outputs: Tensor[] = [];
    const name = `${op}_${this.operations.length}`;
    const operation: Operation = {
      op,
      name,
      inputs,
      attributes: complete,
      after: options.after ?? [],
      outputs,
    };
    definition.outputs(operation).forEach(({ shape, dtype }, index) => {
      outputs.push({ graph: this, operation, index, shape, dtype });
    });
    this.operations.push(operation);
    return operation;
  }

  /** Names what one call of a session computes and updates. */
  endpoint(
    name: string,
    what: { readonly fetch?: Readonly<Record<string, Tensor>>; readonly run?: readonly Operation[] },
  ): void {
    if (this.endpoints.has(name)) {
      throw new BlockstillError('graph/duplicate-name', `The graph has an endpoint "${name}" already.`);
    }
    const { fetch = {}, run = [] } = what;
    const unfetchable = Object.values(fetch).find(({ dtype }) => !isFetchable(dtype));
    if (unfetchable !== undefined) {
      throw new BlockstillError(
        'graph/unfetchable',
        `The endpoint "${name}" cannot fetch ${describeType(unfetchable)}: cast it.`,
      );
    }
    const done = run.length === 0 ? undefined : completion(this, run);
    const endpoint: Endpoint = { fetch, run, done };
    requireOrderedAccess(name, endpoint);
    this.endpoints.set(name, endpoint);
  }
}

function onlyOutput({ outputs: [tensor], op }: Operation): Tensor {
  if (tensor === undefined) throw new BlockstillError('graph/no-output', `${op} has no output.`);
  return tensor;
}

function constantValues(values: ArrayLike<number>, dtype: DType): Values {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values);
    default:
      throw new BlockstillError('graph/constant-type', `A constant cannot be of type ${dtype}: cast one.`);
  }
}

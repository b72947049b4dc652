import { randomUUID } from 'node:crypto';
import type { Device, NativeAttribute, NativeBinding, NativeTensor } from '../tensorflow.ts';
import { loadRuntime } from '../tensorflow.ts';
import { reachable } from './access-order.ts';
import { dataType } from './data-types.ts';
import { isNodeAttribute } from './encode.ts';
import type { Executor } from './executor.ts';
import { operationError } from './executor.ts';
import type { Graph } from './graph.ts';
import { createNativeTensor, fedType } from './native-values.ts';
import type { AttributeKind, OpDefinition } from './op-definition.ts';
import { operations as opTable } from './ops/index.ts';
import type { Operation, Tensor, Values } from './tensor.ts';
import { isValues } from './tensor.ts';

/** One operation and the tensors that nothing needs after it. */
interface Step {
  readonly operation: Operation;
  readonly attributes: readonly NativeAttribute[];
  readonly finished: readonly Tensor[];
}

/** Runs a graph operation by operation: the reference for `GraphExecutor`, and what a debugger can step through. */
export class EagerExecutor implements Executor {
  readonly #binding: NativeBinding;
  readonly #graph: Graph;
  /** Tells this executor's variables from those of others: TensorFlow keeps them all in one place. */
  readonly #scope = randomUUID();
  readonly #plans = new Map<string, readonly Step[]>();
  /** Constants and variable handles live as long as the executor. */
  readonly #lasting = new Map<Tensor, number>();

  constructor(graph: Graph, device: Device) {
    this.#binding = loadRuntime({ device }).binding;
    this.#graph = graph;
  }

  execute(feeds: ReadonlyMap<Tensor, Values>, fetches: readonly Tensor[]): Values[] {
    const live = new Map<Tensor, number>();
    try {
      for (const [tensor, values] of feeds) {
        live.set(tensor, createNativeTensor(this.#binding, fedType(tensor, values), values));
      }
      for (const step of this.#plan(fetches)) this.#perform(step, live);
      return fetches.map((tensor) => this.#binding.tensorDataSync(this.#id(tensor, live)));
    } finally {
      for (const id of live.values()) this.#binding.deleteTensor(id);
    }
  }

  [Symbol.dispose](): void {
    for (const [tensor, id] of this.#lasting) {
      if (tensor.dtype === 'resource') this.#binding.executeOp('DestroyResourceOp', [], [id], 0);
      this.#binding.deleteTensor(id);
    }
    this.#lasting.clear();
  }

  #plan(fetches: readonly Tensor[]): readonly Step[] {
    const key = fetches.map(({ operation, index }) => `${operation.name}:${index}`).join();
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const needed = reachable(fetches.map(({ operation }) => operation));
    const operations = this.#graph.operations.filter((operation) => needed.has(operation));
    const lastUse = new Map<Tensor, Operation>();
    for (const operation of operations) {
      for (const tensor of [...operation.outputs, ...operation.inputs]) lastUse.set(tensor, operation);
    }
    for (const tensor of fetches) lastUse.delete(tensor);
    const plan = operations.map((operation) => {
      const touched = new Set([...operation.inputs, ...operation.outputs]);
      const finished = [...touched].filter((tensor) => lastUse.get(tensor) === operation);
      return { operation, attributes: this.#nativeAttributes(operation), finished };
    });
    this.#plans.set(key, plan);
    return plan;
  }

  #perform({ operation, attributes, finished }: Step, live: Map<Tensor, number>): void {
    const { op, inputs, outputs } = operation;
    const [first] = outputs;
    if (first !== undefined && (live.has(first) || this.#lasting.has(first))) return;
    if (first !== undefined && isValues(operation.attributes['value'])) {
      this.#lasting.set(first, createNativeTensor(this.#binding, first, operation.attributes['value']));
      return;
    }
    const ids = inputs.map((tensor) => this.#id(tensor, live));
    const results = this.#execute(operation, attributes, ids);
    const keep = op === 'VarHandleOp' ? this.#lasting : live;
    outputs.forEach((tensor, index) => keep.set(tensor, results[index]?.id ?? -1));
    for (const tensor of finished) {
      const id = live.get(tensor);
      if (id === undefined) continue;
      live.delete(tensor);
      this.#binding.deleteTensor(id);
    }
  }

  #execute(
    operation: Operation,
    attributes: readonly NativeAttribute[],
    ids: readonly number[],
  ): NativeTensor[] {
    try {
      return this.#binding.executeOp(operation.op, attributes, ids, operation.outputs.length);
    } catch (error) {
      throw operationError(error, operation);
    }
  }

  #id(tensor: Tensor, live: ReadonlyMap<Tensor, number>): number {
    const id = live.get(tensor) ?? this.#lasting.get(tensor);
    if (id === undefined) throw operationError('it was not fed', tensor.operation);
    return id;
  }

  #nativeAttributes(operation: Operation): NativeAttribute[] {
    const definition: OpDefinition = opTable[operation.op];
    return Object.entries(operation.attributes).flatMap(([name, value]) => {
      const kind = definition.attributes[name]?.kind;
      const isEmptyList = kind === 'ints' && Array.isArray(value) && value.length === 0;
      if (kind === undefined || kind === 'tensor' || isEmptyList) return [];
      if (!isNodeAttribute(operation, name)) return [];
      const scoped = name === 'shared_name' ? `${this.#scope}/${String(value)}` : value;
      return [{ name, type: this.#attributeType(kind), value: kind === 'type' ? dataType(value) : scoped }];
    });
  }

  #attributeType(kind: Exclude<AttributeKind, 'tensor'>): number {
    const types = {
      bool: this.#binding.TF_ATTR_BOOL,
      float: this.#binding.TF_ATTR_FLOAT,
      int: this.#binding.TF_ATTR_INT,
      ints: this.#binding.TF_ATTR_INT,
      shape: this.#binding.TF_ATTR_SHAPE,
      string: this.#binding.TF_ATTR_STRING,
      type: this.#binding.TF_ATTR_TYPE,
    };
    return types[kind];
  }
}

import { BlockstillError } from '../../common/error.ts';
import type { Device } from '../tensorflow.ts';
import { EagerExecutor } from './eager-executor.ts';
import type { Executor } from './executor.ts';
import type { Graph } from './graph.ts';
import { GraphExecutor } from './graph-executor.ts';
import type { StateAccess } from './state-access.ts';
import { stateAccess } from './state-access.ts';
import type { Tensor, Values } from './tensor.ts';

export type { Values } from './tensor.ts';

/** A graph with its variables in memory, ready to run. Dispose of it to free them. */
export interface Session extends Disposable {
  /** Runs an endpoint in one native call and gives what it fetches, by name. */
  run(endpoint: string, feeds?: Readonly<Record<string, Values>>): Record<string, Values>;
  /** The values of variables, all in one native call. bfloat16 comes as float32. */
  get(names: Iterable<string>): Map<string, Values>;
  /** Sets variables, all in one native call. bfloat16 is given as float32. */
  set(values: ReadonlyMap<string, Values>): void;
}

export interface SessionOptions {
  /**
   * `graph` (default): one native call a run. `eager`: op by op, for tests and debugging; a training step has the same
   * bits, an inference pass may differ in the last one where TensorFlow would have fused operations.
   */
  readonly executor?: 'graph' | 'eager';
  readonly device: Device;
}

/** Loads a graph for running; operations added to it afterwards are not in the session. */
export function openSession(graph: Graph, { executor = 'graph', device }: SessionOptions): Session {
  const access = new Map(stateAccess(graph));
  const running = executor === 'graph' ? new GraphExecutor(graph, device) : new EagerExecutor(graph, device);
  return new VariableSession(graph, running, access);
}

class VariableSession implements Session {
  readonly #graph: Graph;
  readonly #executor: Executor;
  readonly #access: ReadonlyMap<string, StateAccess>;

  constructor(graph: Graph, executor: Executor, access: ReadonlyMap<string, StateAccess>) {
    this.#graph = graph;
    this.#executor = executor;
    this.#access = access;
  }

  run(endpoint: string, feeds: Readonly<Record<string, Values>> = {}): Record<string, Values> {
    const found = named(this.#graph.endpoints, 'endpoint', endpoint);
    const fed = new Map<Tensor, Values>();
    for (const [name, values] of Object.entries(feeds)) {
      fed.set(named(this.#graph.placeholders, 'placeholder', name), values);
    }
    const fetches = Object.entries(found.fetch);
    const tensors = fetches.map(([, tensor]) => tensor);
    const results = this.#executor.execute(
      fed,
      found.done === undefined ? tensors : [...tensors, found.done],
    );
    return Object.fromEntries(fetches.map(([name], index) => [name, resultOf(results, index)]));
  }

  get(names: Iterable<string>): Map<string, Values> {
    const accesses = [...names].map((name) => this.#variable(name));
    if (accesses.length === 0) return new Map();
    const tensors = accesses.map(({ get }) => get);
    const results = this.#executor.execute(new Map(), tensors);
    return new Map(
      accesses.map(({ variable: { name, dtype } }, index) => {
        const values = resultOf(results, index);
        return [name, dtype === 'uint8' ? Uint8Array.from(values) : values];
      }),
    );
  }

  set(values: ReadonlyMap<string, Values>): void {
    const feeds = new Map<Tensor, Values>();
    const done: Tensor[] = [];
    for (const [name, value] of values) {
      const { set } = this.#variable(name);
      feeds.set(set.value, value);
      done.push(set.done);
    }
    if (done.length > 0) this.#executor.execute(feeds, done);
  }

  [Symbol.dispose](): void {
    this.#executor[Symbol.dispose]();
  }

  #variable(name: string): StateAccess {
    return named(this.#access, 'variable', name);
  }
}

function resultOf(results: readonly Values[], index: number): Values {
  const values = results[index];
  if (values === undefined) throw new Error(`TensorFlow gave ${results.length} results`);
  return values;
}

function named<Value>(map: ReadonlyMap<string, Value>, kind: string, name: string): Value {
  const found = map.get(name);
  if (found !== undefined) return found;
  const known = [...map.keys()].slice(0, 20).join(', ');
  throw new BlockstillError('graph/unknown-name', `The graph has no ${kind} "${name}".`, {
    hint: `It has: ${known}.`,
  });
}

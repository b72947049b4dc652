import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device, NativeBinding } from '../tensorflow.ts';
import { loadRuntime } from '../tensorflow.ts';
import { encodeSavedModel, savedModelTag, tensorName } from './encode.ts';
import type { Executor } from './executor.ts';
import { operationError } from './executor.ts';
import type { Graph } from './graph.ts';
import { createNativeTensor, fedType, takeValues } from './native-values.ts';
import type { BlockstillError } from '../../common/error.ts';
import type { Operation, Tensor, Values } from './tensor.ts';

/** Runs a graph inside TensorFlow: one native call a run, variables in TensorFlow's session. */
export class GraphExecutor implements Executor {
  readonly #binding: NativeBinding;
  readonly #model: number;
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(graph: Graph, device: Device) {
    this.#binding = loadRuntime({ device }).binding;
    this.#operations = new Map(graph.operations.map((operation) => [operation.name, operation]));
    this.#model = this.#load(encodeSavedModel(graph, device));
  }

  execute(feeds: ReadonlyMap<Tensor, Values>, fetches: readonly Tensor[]): Values[] {
    const inputs: number[] = [];
    try {
      for (const [tensor, values] of feeds) {
        inputs.push(createNativeTensor(this.#binding, fedType(tensor, values), values));
      }
      const feedNames = [...feeds.keys()].map(fetchName).join(',');
      return takeValues(this.#binding, this.#run(inputs, feedNames, fetches.map(fetchName).join(',')));
    } finally {
      for (const id of inputs) this.#binding.deleteTensor(id);
    }
  }

  [Symbol.dispose](): void {
    this.#binding.deleteSavedModel(this.#model);
  }

  #run(inputs: readonly number[], feeds: string, fetches: string) {
    try {
      return this.#binding.runSavedModel(this.#model, inputs, feeds, fetches);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** TensorFlow loads graphs from files only. */
  #load(savedModel: Uint8Array): number {
    const folder = mkdtempSync(join(tmpdir(), 'blockstill-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel);
      return this.#binding.loadSavedModel(folder, savedModelTag);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #explain(error: unknown): BlockstillError {
    const name = /\{\{node ([^}]+)\}\}/.exec(String(error))?.[1];
    return operationError(error, name === undefined ? undefined : this.#operations.get(name));
  }
}

/** The binding wants the output number, even the first. */
function fetchName(tensor: Tensor): string {
  return tensor.index === 0 ? `${tensorName(tensor)}:0` : tensorName(tensor);
}

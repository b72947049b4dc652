import { describe, expect, test } from 'vitest';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { loadRuntime } from '../tensorflow.ts';
import { Graph } from './graph.ts';
import { add, bitcast, cast, gatherRows, matMul, multiply, reshape, sum } from './nn.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';

const executors = ['graph', 'eager'] as const;

describe.each(executors)('a session (%s)', (executor) => {
  const open = (graph: Graph): Session => openSession(graph, { executor, device: 'CPU' });

  test('computes what an endpoint fetches from what is fed', () => {
    const graph = new Graph();
    const x = graph.placeholder('x', [3], 'int32');
    graph.endpoint('double', { fetch: { twice: multiply(x, 2), total: sum(x) } });
    using session = open(graph);
    expect(session.run('double', { x: Int32Array.of(1, 2, 3) })).toEqual({
      twice: Int32Array.of(2, 4, 6),
      total: Int32Array.of(6),
    });
  });

  test('keeps variables between runs and changes them by what an endpoint runs', () => {
    const graph = new Graph();
    const counter = graph.variable('counter', [], 'int32');
    graph.endpoint('count', { run: [graph.assign(counter, add(graph.read(counter), 1))] });
    using session = open(graph);
    session.set(new Map([['counter', Int32Array.of(0)]]));
    expect(session.run('count')).toEqual({});
    session.run('count');
    expect(session.get(['counter'])).toEqual(new Map([['counter', Int32Array.of(2)]]));
  });

  test('sets and gets variables of every type', () => {
    const graph = new Graph();
    const types = ['float32', 'bfloat16', 'int32', 'uint8', 'bool'] as const;
    for (const dtype of types) graph.variable(dtype, [2, 2], dtype);
    using session = open(graph);
    const values = new Map<string, Float32Array | Int32Array | Uint8Array>([
      ['float32', Float32Array.of(0.1, -2, 3e8, 4)],
      ['bfloat16', Float32Array.of(0.5, -2, 3, 4)],
      ['int32', Int32Array.of(1, -2, 3, 2_000_000_000)],
      ['uint8', Uint8Array.of(0, 1, 128, 255)],
      ['bool', Uint8Array.of(0, 1, 1, 0)],
    ]);
    session.set(values);
    expect(session.get(values.keys())).toEqual(values);
  });

  test('gathers rows of a variable in which rows were replaced', () => {
    const graph = new Graph();
    const table = graph.variable('table', [4, 2]);
    const replaced = graph.constant([1, 2], [2], 'int32');
    const update = graph.apply('ResourceScatterUpdate', [
      table.handle,
      replaced,
      graph.constant([1, 2, 3, 4], [2, 2]),
    ]);
    graph.endpoint('replace', { run: [update] });
    graph.endpoint('rows', { fetch: { rows: gatherRows(table, graph.constant([3, 1], [2], 'int32')) } });
    using session = open(graph);
    session.set(new Map([['table', new Float32Array(8)]]));
    session.run('replace');
    expect(session.get(['table']).get('table')).toEqual(Float32Array.of(0, 0, 1, 2, 3, 4, 0, 0));
    expect(session.run('rows')).toEqual({ rows: Float32Array.of(0, 0, 1, 2) });
  });

  test('takes uint8 data as int32 words', () => {
    const graph = new Graph();
    const words = graph.placeholder('words', [2], 'int32');
    graph.endpoint('pixels', { fetch: { pixels: cast(reshape(bitcast(words, 'uint8'), [8]), 'int32') } });
    using session = open(graph);
    const bytes = Uint8Array.of(0, 1, 2, 3, 252, 253, 254, 255);
    const { pixels } = session.run('pixels', { words: new Int32Array(bytes.buffer) });
    expect(pixels).toEqual(Int32Array.from(bytes));
  });

  test('does not see what is done to an array after it was given', () => {
    const graph = new Graph();
    graph.variable('order', [500], 'int32');
    using session = open(graph);
    // TensorFlow keeps the memory of an array at a multiple of 64 bytes: one of these offsets is.
    for (let offset = 0; offset < 64; offset += 4) {
      const values = new Int32Array(new ArrayBuffer(4096), offset, 500).fill(5);
      session.set(new Map([['order', values]]));
      values.fill(6);
      expect(session.get(['order']).get('order')).toEqual(new Int32Array(500).fill(5));
    }
  });

  test('names the operation in which TensorFlow fails', () => {
    const graph = new Graph();
    const unset = graph.variable('unset', [2, 2]);
    graph.endpoint('product', { fetch: { y: matMul(graph.read(unset), graph.read(unset)) } });
    using session = open(graph);
    const fail = (): unknown => session.run('product');
    expect(fail).toThrow(/The TensorFlow operation ReadVariableOp_\d+\(.*\) failed: .+/);
    expect(fail).toThrow(expect.objectContaining({ code: 'tensorflow/operation-failed' }));
  });

  test('refuses feeds of another size or type, and unknown names', () => {
    const graph = new Graph();
    graph.endpoint('echo', { fetch: { y: add(graph.placeholder('x', [3], 'int32'), 0) } });
    using session = open(graph);
    expect(() => session.run('echo', { x: new Int32Array(2) })).toThrow('2 values were fed for int32[3]');
    expect(() => session.run('echo', { x: new Float32Array(3) })).toThrow(
      'cannot be fed from a Float32Array',
    );
    expect(() => session.run('echo', { z: new Int32Array(3) })).toThrow('no placeholder "z"');
    expect(() => session.run('other')).toThrow('no endpoint "other"');
    expect(() => session.get(['w'])).toThrow('no variable "w"');
  });

  test('frees its tensors and its folder', () => {
    const { binding } = loadRuntime();
    const folders = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('blockstill-graph-'));
    const before = { tensors: binding.getNumOfTensors(), folders: folders().length };
    const graph = new Graph();
    const x = graph.variable('x', [2]);
    graph.endpoint('double', { fetch: { y: multiply(graph.read(x), 2) } });
    {
      using session = open(graph);
      session.set(new Map([['x', Float32Array.of(1, 2)]]));
      for (let run = 0; run < 3; run++) session.run('double');
      session.get(['x']);
    }
    expect(binding.getNumOfTensors()).toBe(before.tensors);
    expect(folders().length).toBeLessThanOrEqual(before.folders);
  });
});

test('two sessions of one graph have variables of their own', () => {
  const graph = new Graph();
  graph.variable('x', []);
  for (const executor of executors) {
    using first = openSession(graph, { executor, device: 'CPU' });
    using second = openSession(graph, { executor, device: 'CPU' });
    first.set(new Map([['x', Float32Array.of(1)]]));
    second.set(new Map([['x', Float32Array.of(2)]]));
    expect(first.get(['x']).get('x')).toEqual(Float32Array.of(1));
  }
});

test('a GPU that is asked for and not used is an error', () => {
  if (loadRuntime().gpu) return;
  const open = (): unknown => openSession(new Graph(), { device: 'GPU' });
  expect(open).toThrow(expect.objectContaining({ code: 'tensorflow/gpu-not-used' }));
});

import { expect, test } from 'vitest';
import { FrozenGraph } from '../graph/frozen-graph.ts';
import { Graph } from '../graph/graph.ts';
import { openSession, type Values } from '../graph/session.ts';
import { elementCount, type Shape } from '../graph/tensor.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import { blockPair } from './block-pair.ts';
import { bufferName } from './buffers.ts';
import { trainedBlock, type TrainedBlock } from './testing/trained-block.ts';

const waves = (shape: Shape): Float32Array =>
  Float32Array.from({ length: elementCount(shape) }, (_, index) => 1 + Math.sin(index));

/** What the whole teacher makes of a batch at the two ends of the block. */
function boundaries({ teacher }: TrainedBlock, batchSize: number): Record<string, Values> {
  const graph = new Graph();
  const image = graph.variable('image', [batchSize, 4, 4, 2]);
  const fetch: Record<string, ReturnType<typeof graph.read>> = {};
  emitNetwork(teacher, {
    input: graph.read(image),
    mode: 'inference',
    prefix: '',
    onOutput: (layer, output) => void (fetch[layer] = output),
  });
  graph.endpoint('run', { fetch });
  using session = openSession(graph, { device: 'CPU' });
  session.set(new Map<string, Values>([...variableValues(teacher, ''), ['image', waves(image.shape)]]));
  return session.run('run');
}

/** The outputs of both halves of the pair, when the unit has read `batch`. */
function outputs({ teacher, block }: TrainedBlock, batch: Values, batchSize: number) {
  const session = { get: (names: Iterable<string>) => new Map([...names].map((name) => [name, batch])) };
  const pair = blockPair(block, { teacher, session, batchSize });
  const graph = new FrozenGraph(pair.weights);
  const input = graph.variable('input', pair.input.shape);
  graph.endpoint('run', {
    fetch: { teacher: pair.teacher(graph.read(input)), student: pair.student(graph.read(input)) },
  });
  using opened = openSession(graph, { device: 'CPU' });
  opened.set(new Map([['input', pair.input.values]]));
  return opened.run('run');
}

function expectClose(actual: Values | undefined, expected: Values | undefined): void {
  expect(actual?.length).toBe(expected?.length);
  expected?.forEach((value, index) => expect(actual?.[index]).toBeCloseTo(value, 4));
}

test("the layers of the block alone make of the block's input what the whole teacher makes", () => {
  const trained = trainedBlock({ batchSize: 2 });
  const whole = boundaries(trained, 2);
  expect(Math.max(...(whole['second'] ?? []))).toBeGreaterThan(0.1);
  expectClose(outputs(trained, whole['first']!, 2)['teacher'], whole['second']);
});

test('the replacement alone makes what it made in training', () => {
  const trained = trainedBlock({ batchSize: 2 });
  const first = boundaries(trained, 2)['first']!;
  const student = outputs(trained, first, 2)['student']!;
  using session = openSession(trained.graph, { device: 'CPU' });
  expect(trained.block.graph.scale).toMatchObject({ factor: 3, weights: { size: 2 } });
  const errors = (target: Values): number => {
    session.set(
      new Map<string, Values>([
        ...trained.block.best!,
        [bufferName('first'), first],
        [bufferName('second'), target],
      ]),
    );
    return Math.max(...session.run(trained.block.graph.endpoints.errors)['errors']!);
  };
  expect(errors(new Float32Array(student.length))).toBeGreaterThan(0.1);
  expect(errors(student)).toBeLessThan(1e-6);
});

test('a batch that is larger or smaller than that of the unit is cut or repeated', () => {
  const trained = trainedBlock({ batchSize: 2 });
  const { teacher, block } = trained;
  const batch = waves([2, 4, 4, 3]);
  const session = { get: (names: Iterable<string>) => new Map([...names].map((name) => [name, batch])) };
  const inputOf = (batchSize: number) => blockPair(block, { teacher, session, batchSize }).input;
  expect(inputOf(1)).toEqual({ shape: [1, 4, 4, 3], values: batch.subarray(0, 48) });
  expect(inputOf(3)).toEqual({
    shape: [3, 4, 4, 3],
    values: Float32Array.from([...batch, ...batch.subarray(0, 48)]),
  });
});

import { describe, expect, test } from 'vitest';
import { Graph } from '../graph/graph.ts';
import { openSession } from '../graph/session.ts';
import { emitNetwork, variableValues } from './emit.ts';
import { inputShapeOf, layerOf } from './network.ts';
import { families, resnet, resnetV2 } from './testing/families.ts';
import {
  graphOutput,
  graphOutputs,
  networkOf,
  randomInputs,
  relativeDifference,
  tf,
  tfjsOutputs,
} from './testing/reference.ts';

const batch = 3;

describe('a network in the training graph', () => {
  test.each(Object.entries(families))(
    'gives TensorFlow.js outputs at every layer of a %s',
    async (_family, build) => {
      const model = build();
      const network = await networkOf(model);
      const inputs = randomInputs(network, batch);
      const actual = graphOutputs(network, inputs, batch);
      const expected = tfjsOutputs(model, inputs, batch);
      expect(expected.size).toBeGreaterThan(5);
      for (const [layer, values] of expected) {
        expect(relativeDifference(actual.get(layer), values), layer).toBeLessThan(1e-4);
      }
      const output = graphOutput(network, inputs, batch);
      expect(relativeDifference(output, expected.get(network.output)), 'fused').toBeLessThan(1e-4);
    },
  );

  test('multiplies matrices for pointwise convolutions in training, and convolves where TensorFlow can fuse', async () => {
    const model = tf.sequential({ name: 'pointwise' });
    const layers = [
      tf.layers.conv2d({ name: 'conv', filters: 4, kernelSize: 1, inputShape: [5, 5, 3] }),
      tf.layers.separableConv2d({ name: 'separable', filters: 4, kernelSize: 3 }),
    ];
    for (const layer of layers) model.add(layer);
    const network = await networkOf(model);
    const counts = (mode: 'training' | 'inference') => {
      const graph = new Graph();
      const input = graph.placeholder('input', [batch, 5, 5, 3], 'float32');
      emitNetwork(network, { input, mode, prefix: '' });
      const count = (wanted: string) => graph.operations.filter(({ op }) => op === wanted).length;
      return { products: count('MatMul'), convolutions: count('Conv2D') };
    };
    expect(counts('training')).toEqual({ products: 2, convolutions: 0 });
    expect(counts('inference')).toEqual({ products: 0, convolutions: 2 });
  });

  test('runs from one tensor to another', async () => {
    const network = await networkOf(resnet('3x3'));
    const from = 'conv2_block2_out';
    const to = 'conv3_block1_out';
    const whole = graphOutputs(network, randomInputs(network, batch), batch);
    const graph = new Graph();
    const input = graph.placeholder('input', [batch, ...layerOf(network, from).outputShape], 'float32');
    const { output, variables } = emitNetwork(network, {
      input,
      from,
      to,
      mode: 'inference',
      prefix: 'part/',
    });
    graph.endpoint('run', { fetch: { output } });
    using session = openSession(graph, { device: 'CPU' });
    const names = new Set(variables.map(({ name }) => name));
    expect(names.has('part/conv3_block1_2_conv/kernel')).toBe(true);
    expect(names.has('part/conv2_block1_2_conv/kernel')).toBe(false);
    session.set(new Map([...variableValues(network, 'part/')].filter(([name]) => graph.variables.has(name))));
    const part = session.run('run', { input: whole.get(from) as Float32Array });
    expect(relativeDifference(part['output'], whole.get(to))).toBeLessThan(1e-5);
  });

  test('does not start where a connection jumps over', async () => {
    const network = await networkOf(resnetV2());
    const graph = new Graph();
    const from = 'conv2_block2_1_conv';
    const input = graph.placeholder('input', [batch, ...layerOf(network, from).outputShape], 'float32');
    expect(() => emitNetwork(network, { input, from, mode: 'inference', prefix: '' })).toThrow(
      'also depends on layers before',
    );
  });

  test('lets the caller put other tensors in the place of outputs', async () => {
    const network = await networkOf(resnetV2());
    const graph = new Graph();
    const input = graph.placeholder('input', [batch, ...inputShapeOf(network)], 'float32');
    const seen: string[] = [];
    const { output } = emitNetwork(network, {
      input,
      mode: 'inference',
      prefix: '',
      onOutput: (layer, tensor) => {
        seen.push(layer);
        return layer === network.output ? graph.constant(0, tensor.shape) : tensor;
      },
    });
    expect(seen).toEqual(network.layers.map(({ name }) => name));
    expect(output.operation.op).toBe('Const');
  });

  test('trains BatchNorm with the statistics of the batch and the momentum asked for', async () => {
    const network = await networkOf(resnetV2());
    const graph = new Graph();
    const input = graph.placeholder('input', [batch, ...inputShapeOf(network)], 'float32');
    const training = emitNetwork(network, {
      input,
      to: 'conv2_block1_preact_bn',
      mode: 'training',
      prefix: '',
      batchNormMomentum: 0,
    });
    const { output: convolved } = emitNetwork(network, {
      input,
      to: 'conv1_conv',
      mode: 'inference',
      prefix: '',
    });
    expect(training.state.map(({ name }) => name)).toEqual([
      'conv2_block1_preact_bn/moving_mean',
      'conv2_block1_preact_bn/moving_variance',
    ]);
    graph.endpoint('train', { fetch: { convolved }, run: training.updates });
    using session = openSession(graph, { device: 'CPU' });
    session.set(new Map([...variableValues(network, '')].filter(([name]) => graph.variables.has(name))));
    const result = session.run('train', { input: randomInputs(network, batch) });
    const values = result['convolved'] as Float32Array;
    const channels = layerOf(network, 'conv1_conv').outputShape[2] ?? 1;
    const first = values.filter((_, index) => index % channels === 0);
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    const statistics = session.get(['conv2_block1_preact_bn/moving_mean']);
    expect(statistics.get('conv2_block1_preact_bn/moving_mean')?.[0]).toBeCloseTo(mean, 4);
  });

  test('rounds convolutions to bfloat16 when asked to', async () => {
    const network = await networkOf(resnetV2());
    const graph = new Graph();
    const input = graph.placeholder('input', [batch, ...inputShapeOf(network)], 'float32');
    const place = { input, to: 'conv1_conv', mode: 'inference', prefix: '' } as const;
    const exact = emitNetwork(network, place).output;
    const rounded = emitNetwork(network, { ...place, precision: 'BFloat16' }).output;
    graph.endpoint('run', { fetch: { exact, rounded } });
    using session = openSession(graph, { device: 'CPU' });
    session.set(new Map([...variableValues(network, '')].filter(([name]) => graph.variables.has(name))));
    const { exact: expected, rounded: actual } = session.run('run', { input: randomInputs(network, batch) });
    // 8 bits of precision: a relative error of 1/256 in each factor.
    const difference = relativeDifference(actual, expected);
    expect(difference).toBeGreaterThan(1e-5);
    expect(difference).toBeLessThan(1e-2);
  });
});

import { describe, expect, test } from 'vitest';
import { nodeDevice } from './device.ts';
import { encodeSavedModel } from './encode.ts';
import { Graph } from './graph.ts';
import {
  add,
  argMax,
  concat,
  conv2d,
  depthwiseConv2d,
  gather,
  matMul,
  multiply,
  reshape,
  slice,
} from './nn.ts';
import type { Shape, Tensor } from './tensor.ts';

function zeros(graph: Graph, shape: Shape): Tensor {
  return graph.constant(0, shape);
}

describe('a graph', () => {
  test('holds equal constants once', () => {
    const graph = new Graph();
    expect(graph.constant([1, 2])).toBe(graph.constant([1, 2]));
    expect(graph.constant([1, 2])).not.toBe(graph.constant([1, 2], [2], 'int32'));
    expect(graph.constant([1, 2])).not.toBe(graph.constant([1, 2], [2, 1]));
    expect(graph.constant(7, [2, 3])).toBe(graph.constant([7, 7, 7, 7, 7, 7], [2, 3]));
  });

  test('has one variable of a name', () => {
    const graph = new Graph();
    expect(graph.variable('w', [2])).toBe(graph.variable('w', [2]));
    expect(() => graph.variable('w', [3])).toThrow('The variable "w" is float32[2], not float32[3].');
  });

  test('reads a variable once, and again after operations', () => {
    const graph = new Graph();
    const variable = graph.variable('w', []);
    const read = graph.read(variable);
    expect(graph.read(variable)).toBe(read);
    const update = graph.assign(variable, add(read, 1));
    expect(graph.read(variable, [update]).operation.after).toEqual([update]);
    graph.following([update], () => {
      expect(graph.read(variable)).not.toBe(read);
      expect(graph.read(variable)).toBe(graph.read(variable));
    });
    expect(graph.read(variable)).toBe(read);
  });

  test('refuses tensors of another graph', () => {
    expect(() => add(zeros(new Graph(), [2]), zeros(new Graph(), [2]))).toThrow('a tensor of another graph');
  });

  test('refuses attributes that an operation does not have or lacks', () => {
    const graph = new Graph();
    const x = zeros(graph, [2]);
    expect(() => graph.apply('Relu', [x], { alpha: 1 })).toThrow('Relu takes no attribute "alpha"');
    expect(() => graph.apply('Cast', [x])).toThrow('Cast needs the attribute "DstT"');
  });

  test('refuses a second endpoint or placeholder of a name, and fetches that cannot be read', () => {
    const graph = new Graph();
    const x = graph.placeholder('x', [2], 'uint8');
    graph.endpoint('e', { fetch: { y: zeros(graph, [1]) } });
    expect(() => graph.endpoint('e', {})).toThrow('has an endpoint "e" already');
    expect(() => graph.placeholder('x', [2], 'uint8')).toThrow('has a placeholder "x" already');
    expect(() => graph.endpoint('f', { fetch: { x } })).toThrow('cannot fetch uint8[2]: cast it');
  });
});

describe('shapes', () => {
  const graph = new Graph();
  const image = zeros(graph, [2, 7, 10, 3]);

  test.each([
    ['SAME', 1, 1, [2, 7, 10, 4]],
    ['SAME', 2, 1, [2, 4, 5, 4]],
    ['SAME', 3, 1, [2, 3, 4, 4]],
    ['VALID', 1, 1, [2, 5, 8, 4]],
    ['VALID', 2, 1, [2, 3, 4, 4]],
    ['VALID', 1, 2, [2, 3, 6, 4]],
    [[1, 2, 0, 3] as const, 2, 1, [2, 4, 6, 4]],
  ] as const)(
    'of a convolution with padding %s, stride %i, dilation %i',
    (padding, strides, dilations, expected) => {
      expect(conv2d(image, zeros(graph, [3, 3, 3, 4]), { padding, strides, dilations }).shape).toEqual(
        expected,
      );
    },
  );

  test('of other operations', () => {
    expect(depthwiseConv2d(image, zeros(graph, [3, 3, 3, 2])).shape).toEqual([2, 7, 10, 6]);
    expect(add(zeros(graph, [4, 1, 3]), zeros(graph, [5, 1])).shape).toEqual([4, 5, 3]);
    expect(concat([image, image], -1).shape).toEqual([2, 7, 10, 6]);
    expect(argMax(zeros(graph, [5, 9])).shape).toEqual([5]);
    expect(gather(image, graph.constant([1, 0, 1], [3], 'int32')).shape).toEqual([3, 7, 10, 3]);
  });

  test.each([
    ['the filter is for 4 input channels, the input has 3', () => conv2d(image, zeros(graph, [3, 3, 4, 4]))],
    [
      'the window is larger than the input',
      () => conv2d(image, zeros(graph, [9, 9, 3, 4]), { padding: 'VALID' }),
    ],
    ['the shapes do not broadcast', () => add(image, zeros(graph, [2]))],
    ['the inner sides differ', () => matMul(zeros(graph, [2, 3]), zeros(graph, [2, 3]))],
    ['[5] has another size', () => reshape(zeros(graph, [2, 3]), [5])],
    ['a slice of [3] does not fit', () => slice(zeros(graph, [2]), [0], [3])],
    ['both inputs must have one type', () => multiply(image, graph.constant(2, [], 'int32'))],
  ])('that do not fit are refused: %s', (message, build) => {
    expect(build).toThrow(message);
    expect(build).toThrow(expect.objectContaining({ code: 'graph/shape' }));
  });
});

describe('an endpoint', () => {
  const counter = (graph: Graph) => graph.variable('counter', []);

  test('is refused when a read and a change of a variable have no order', () => {
    const graph = new Graph();
    const change = graph.assign(counter(graph), graph.constant(1));
    const fetch = { value: graph.read(counter(graph)) };
    const racing = (): unknown => graph.endpoint('race', { fetch, run: [change] });
    expect(racing).toThrow(expect.objectContaining({ code: 'graph/unordered-access' }));
    expect(racing).toThrow(
      /uses the variable "counter" in .+ and changes it in AssignVariableOp_\d+ in no fixed order/,
    );
  });

  test('is refused when two changes of a variable have no order', () => {
    const graph = new Graph();
    const run = [1, 2].map((value) => graph.assign(counter(graph), graph.constant(value)));
    expect(() => graph.endpoint('race', { run })).toThrow(
      expect.objectContaining({ code: 'graph/unordered-access' }),
    );
  });

  test('may read before and after a change', () => {
    const graph = new Graph();
    const before = graph.read(counter(graph));
    const change = graph.assign(counter(graph), add(before, 1));
    const after = graph.read(counter(graph), [change]);
    expect(() => graph.endpoint('count', { fetch: { before, after }, run: [change] })).not.toThrow();
  });
});

test('on a GPU whole numbers stay on the host and everything else is placed on the GPU', () => {
  const graph = new Graph();
  const order = graph.variable('order', [8], 'int32');
  const data = graph.variable('data', [8, 3]);
  const indices = slice(graph.read(order), [0], [4]);
  const batch = gather(graph.read(data), indices);
  const placed = (tensor: Tensor): string | undefined => nodeDevice(tensor.operation, 'GPU');
  for (const tensor of [order.handle, graph.read(order), indices])
    expect(placed(tensor)).toBe('/device:CPU:0');
  for (const tensor of [data.handle, graph.read(data), batch]) expect(placed(tensor)).toBe('/device:GPU:0');
  expect(nodeDevice(graph.assign(order, graph.read(order)), 'GPU')).toBe('/device:CPU:0');
  expect(nodeDevice(batch.operation, 'CPU')).toBeUndefined();
  const encoded = (device: 'CPU' | 'GPU'): string =>
    Buffer.from(encodeSavedModel(graph, device)).toString('latin1');
  expect(encoded('GPU')).toContain('/device:GPU:0');
  expect(encoded('CPU')).not.toContain('/device:');
});

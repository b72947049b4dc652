import { describe, expect, test } from 'vitest';
import { Graph } from './graph.ts';
import { gradients } from './gradients.ts';
import * as nn from './nn.ts';
import { output } from './nn/output.ts';
import type { Shape, Tensor } from './tensor.ts';

const image: Shape = [2, 9, 8, 2];

describe('the gradient builder', () => {
  const trained =
    (build: (x: Tensor) => Tensor, shape: Shape = image) =>
    () => {
      const graph = new Graph();
      const variable = graph.variable('weights', shape);
      return gradients(nn.sum(build(graph.read(variable))), [variable]);
    };

  test('refuses a kernel size that is not in the checks', () => {
    const wide = trained((x) => nn.maxPool(x, { size: 9, padding: 'SAME', strides: 1 }));
    expect(wide).toThrow(expect.objectContaining({ code: 'graph/unchecked-attributes' }));
  });

  test('refuses unequal strides over single pixels, which the filter gradient kernel gets wrong', () => {
    const graph = new Graph();
    const filter = graph.variable('filter', [1, 1, 2, 3]);
    const y = output('Conv2D', [graph.constant(1, [2, 8, 9, 2]), graph.read(filter)], {
      strides: [1, 2, 1, 1],
      padding: 'SAME',
    });
    expect(() => gradients(nn.sum(y), [filter])).toThrow(/Conv2D with stride 2x1 of 1x1 cannot be trained/);
  });

  test('refuses the dilation that the depthwise gradient kernels would ignore', () => {
    const filter = (x: Tensor): Tensor => x.graph.constant(1, [3, 3, 2, 1]);
    const dilated = trained((x) =>
      output('DepthwiseConv2dNative', [x, filter(x)], { padding: 'SAME', dilations: [1, 2, 2, 1] }),
    );
    expect(dilated).toThrow(expect.objectContaining({ code: 'graph/unchecked-attributes' }));
  });

  test('names the operation that cannot be differentiated and says why', () => {
    const transformed = trained((x) =>
      nn.projectiveTransform(x, x.graph.constant([1, 0, 0, 0, 1, 0, 0, 0], [1, 8])),
    );
    expect(transformed).toThrow(
      /ImageProjectiveTransformV3_\d+ cannot be differentiated: images are augmented/,
    );
  });

  test('leaves alone what does not lie between the variables and the loss', () => {
    const graph = new Graph();
    const variable = graph.variable('weights', [2, 4, 4, 2]);
    const transforms = graph.constant([1, 0, 0, 0, 1, 0, 0, 0], [1, 8]);
    const data = nn.projectiveTransform(graph.constant(1, [2, 4, 4, 2]), transforms);
    expect(gradients(nn.sum(nn.multiply(data, graph.read(variable))), [variable])).toHaveLength(1);
  });

  test('names the variable that the loss does not depend on', () => {
    const graph = new Graph();
    const [used, unused] = [graph.variable('used', []), graph.variable('unused', [])];
    const loss = nn.square(graph.read(used));
    expect(() => gradients(loss, [used, unused])).toThrow('does not depend on the variable "unused"');
  });

  test('refuses a loss that uses the batch statistics of a normalization', () => {
    const used = trained((x) => {
      const vector = (value: number): Tensor => x.graph.constant(value, [2]);
      const attributes = { epsilon: 1e-3, is_training: true };
      const inputs = [x, vector(1), vector(0), vector(0), vector(1)];
      const [y, mean] = x.graph.apply('FusedBatchNormV3', inputs, attributes).outputs;
      return nn.add(y!, mean!);
    });
    expect(used).toThrow(/FusedBatchNormV3_\d+ cannot be differentiated: its output 1 has no gradient/);
  });

  test('takes a stopped tensor as a constant', () => {
    const stopped = trained((x) => nn.stopGradient(x), []);
    expect(stopped).toThrow(expect.objectContaining({ code: 'graph/no-path' }));
  });
});

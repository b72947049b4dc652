import { randomStream } from '../../../common/random.ts';
import type { Graph } from '../graph.ts';
import { meanSquaredError } from '../losses.ts';
import { batchNorm, conv2d, depthwiseConv2d, gather, relu } from '../nn.ts';
import type { Batch, StepLoss } from '../train-step.ts';
import type { Operation, Shape, Values, Variable } from '../tensor.ts';
import { elementCount } from '../tensor.ts';

export interface SeparableNet {
  /** Inputs, targets and first weights. */
  readonly values: ReadonlyMap<string, Values>;
  readonly build: (batch: Pick<Batch, 'indices'>) => StepLoss;
}

const [side, channels] = [8, 6];

/** Two blocks of separable convolution, BatchNorm and ReLU that learn random targets; all variables begin with `prefix`. */
export function separableNet(graph: Graph, { samples = 24, prefix = '' } = {}): SeparableNet {
  const random = randomStream('separable net', prefix);
  const values = new Map<string, Values>();
  const variable = (name: string, shape: Shape, value = (): number => 0.4 * random.normal()): Variable => {
    values.set(prefix + name, Float32Array.from({ length: elementCount(shape) }, value));
    return graph.variable(prefix + name, shape);
  };
  const images = variable('images', [samples, side, side, channels]);
  const targets = variable('targets', [samples, side, side, channels]);
  const blocks = [0, 1].map((block) => ({
    depthwise: variable(`${block}/depthwise`, [3, 3, channels, 1]),
    pointwise: variable(`${block}/pointwise`, [1, 1, channels, channels]),
    scale: variable(`${block}/scale`, [channels], () => 1),
    offset: variable(`${block}/offset`, [channels], () => 0),
    mean: variable(`${block}/mean`, [channels], () => 0),
    variance: variable(`${block}/variance`, [channels], () => 1),
  }));
  return {
    values,
    build: ({ indices }) => {
      const updates: Operation[] = [];
      let x = gather(graph.read(images), indices);
      for (const { depthwise, pointwise, scale, offset, mean, variance } of blocks) {
        x = conv2d(depthwiseConv2d(x, graph.read(depthwise)), graph.read(pointwise));
        const affine = { scale: graph.read(scale), offset: graph.read(offset) };
        const normal = batchNorm(x, {
          ...affine,
          mean,
          variance,
          epsilon: 1e-3,
          training: true,
          momentum: 0.9,
        });
        updates.push(...normal.updates);
        x = relu(normal.y);
      }
      return {
        loss: meanSquaredError(x, gather(graph.read(targets), indices)),
        variables: blocks.flatMap(({ depthwise, pointwise, scale, offset }) => [
          depthwise,
          pointwise,
          scale,
          offset,
        ]),
        updates,
      };
    },
  };
}

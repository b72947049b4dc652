import { output } from '../nn/output.ts';
import type { OpFamily } from '../op-definition.ts';
import {
  firstDerivativesOnly,
  fixed,
  given,
  input,
  likeFirstInput,
  requireShape,
  typeOf,
} from '../op-definition.ts';
import type { Tensor } from '../tensor.ts';
import { imageShape } from './window.ts';

const channelsLast = fixed('string', 'NHWC');
const batchNormAttributes = {
  T: typeOf(0),
  U: fixed('type', 'float32'),
  epsilon: given('float'),
  data_format: channelsLast,
  is_training: given('bool'),
};

type Name = 'BiasAdd' | 'BiasAddGrad' | 'FusedBatchNormV3' | 'FusedBatchNormGradV3';

export const normalizationOps: OpFamily<Name> = {
  /** Adds `bias [channels]` to `x [..., channels]`. */
  BiasAdd: {
    attributes: { T: typeOf(0), data_format: channelsLast },
    outputs: (call) => {
      const [x, bias] = [input(call, 0), input(call, 1)];
      requireShape(
        bias.shape.length === 1 && bias.shape[0] === x.shape.at(-1),
        call,
        'one bias a channel is needed',
      );
      return likeFirstInput(call);
    },
    gradient: ({ dy }) => [() => dy, () => output('BiasAddGrad', [dy])],
  },
  BiasAddGrad: {
    attributes: { T: typeOf(0), data_format: channelsLast },
    outputs: (call) => [{ shape: input(call, 0).shape.slice(-1), dtype: input(call, 0).dtype }],
    gradient: firstDerivativesOnly,
  },
  /**
   * Batch normalization (arXiv 1502.03167). Inputs: x, scale, offset, running mean, running variance. Outputs: y,
   * mean and variance (in training, the running ones moved by `exponential_avg_factor` towards the batch's), and
   * three tensors for the gradient.
   */
  FusedBatchNormV3: {
    attributes: { ...batchNormAttributes, exponential_avg_factor: given('float', 1) },
    outputs: (call) => {
      const channels = [imageShape(call, 0)[3]];
      const fits = call.inputs.slice(1).every(({ shape }) => shape.length === 1 && shape[0] === channels[0]);
      requireShape(fits, call, 'scale, offset, mean and variance need one value a channel');
      const statistic = { shape: channels, dtype: 'float32' } as const;
      const reserved = { shape: [0], dtype: 'float32' } as const;
      return [...likeFirstInput(call), statistic, statistic, statistic, statistic, reserved];
    },
    gradient: ({ operation, dy }) => {
      const training = operation.attributes['is_training'] === true;
      const [x, scale] = [input(operation, 0), input(operation, 1)];
      const saved = training
        ? operation.outputs.slice(3, 6)
        : [...operation.inputs.slice(3, 5), ...operation.outputs.slice(5, 6)];
      let backward: readonly Tensor[] | undefined;
      const gradient = (index: number) => (): Tensor => {
        backward ??= dy.graph.apply('FusedBatchNormGradV3', [dy, x, scale, ...saved], {
          epsilon: operation.attributes['epsilon'] ?? 0,
          is_training: training,
        }).outputs;
        return input({ inputs: backward }, index);
      };
      return [gradient(0), gradient(1), gradient(2)];
    },
  },
  FusedBatchNormGradV3: {
    attributes: batchNormAttributes,
    outputs: (call) => {
      const statistic = { shape: input(call, 2).shape, dtype: 'float32' } as const;
      const reserved = { shape: [0], dtype: 'float32' } as const;
      return [...likeFirstInput(call), statistic, statistic, reserved, reserved];
    },
    gradient: firstDerivativesOnly,
  },
};

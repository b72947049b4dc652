import { z } from 'zod';
import type { Shape } from '../../graph/tensor.ts';
import { averagePool, max, maxPool, mean } from '../../graph/nn.ts';
import { slideOver } from './convolution.ts';
import { channelsLast, orDefault, padding, pair } from './keras-values.ts';
import { defineLayer, imageShape, only } from './layer-definition.ts';

const poolingConfig = z
  .object({ poolSize: orDefault(pair, [2, 2]), strides: pair.nullish(), padding, dataFormat: channelsLast })
  .transform((config) => ({ ...config, strides: config.strides ?? config.poolSize }));

type PoolingConfig = z.output<typeof poolingConfig>;

function pooling(pool: typeof maxPool) {
  return defineLayer({
    config: poolingConfig,
    outputShape: (config, inputs) => [
      ...slideOver({ ...config, kernelSize: config.poolSize, dilationRate: [1, 1] }, inputs),
      imageShape(inputs).channels,
    ],
    emit: ({ poolSize, strides, ...config }: PoolingConfig, inputs) =>
      pool(only(inputs), { size: poolSize, strides, padding: config.padding === 'same' ? 'SAME' : 'VALID' }),
  });
}

export const MaxPooling2D = pooling(maxPool);
export const AveragePooling2D = pooling(averagePool);

const globalPoolingConfig = z.object({ keepdims: orDefault(z.boolean(), false), dataFormat: channelsLast });

function globalPooling(reduce: typeof mean) {
  return defineLayer({
    config: globalPoolingConfig,
    outputShape: ({ keepdims }, inputs): Shape => {
      const { channels } = imageShape(inputs);
      return keepdims ? [1, 1, channels] : [channels];
    },
    emit: ({ keepdims }, inputs) => reduce(only(inputs), { axes: [1, 2], keepDimensions: keepdims }),
  });
}

export const GlobalAveragePooling2D = globalPooling(mean);
export const GlobalMaxPooling2D = globalPooling(max);

import { z } from 'zod';
import { orDefault } from './keras-values.ts';
import { defineLayer, only } from './layer-definition.ts';

/**
 * Dropout and its relatives: nothing at inference, and nothing in training either. A block learns to imitate the
 * teacher's inference, so noise between the two would only be in the way.
 */
function regularizer<Config>(config: z.ZodType<Config>) {
  return defineLayer({
    config,
    outputShape: (_config, inputs) => only(inputs),
    emit: (_config, inputs) => only(inputs),
  });
}

const amount = orDefault(z.number().nonnegative(), 0);

export const Dropout = regularizer(z.object({ rate: amount }));
export const SpatialDropout2D = regularizer(z.object({ rate: amount }));
export const GaussianDropout = regularizer(z.object({ rate: amount }));
export const AlphaDropout = regularizer(z.object({ rate: amount }));
export const GaussianNoise = regularizer(z.object({ stddev: amount }));

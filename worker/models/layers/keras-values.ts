import { z } from 'zod';

/** A Keras field that may be missing or null: both mean the default. */
export function orDefault<Schema extends z.ZodType>(schema: Schema, byDefault: z.output<Schema>) {
  return schema.nullish().transform((value): z.output<Schema> => value ?? byDefault);
}

export const count = z.int().positive();

/** One number for height and width, or one for each. */
export const pair = z
  .union([count, z.tuple([count, count])])
  .transform((value): readonly [number, number] => (typeof value === 'number' ? [value, value] : value));

export const padding = orDefault(z.enum(['valid', 'same']), 'valid');

/** Blockstill computes in `[batch, height, width, channels]` only. */
export const channelsLast = orDefault(
  z.literal('channels_last', {
    error: 'must be channels_last: save the model with [batch, height, width, channels] tensors',
  }),
  'channels_last',
);

const nonNegative = z.int().nonnegative();
const sides = z.tuple([nonNegative, nonNegative]);

/** `[[top, bottom], [left, right]]` from one number, one per axis, or all four. */
export const borders = z
  .union([nonNegative, sides, z.tuple([sides, sides])])
  .transform((value): readonly [readonly [number, number], readonly [number, number]] => {
    if (typeof value === 'number') return [[value, value], [value, value]]; // prettier-ignore
    const [vertical, horizontal] = value;
    return [
      typeof vertical === 'number' ? [vertical, vertical] : vertical,
      typeof horizontal === 'number' ? [horizontal, horizontal] : horizontal,
    ];
  });

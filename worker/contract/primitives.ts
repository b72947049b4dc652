import * as z from 'zod';
import type { Digest } from '../../common/digest.ts';

/** The version that this build writes; readers accept it and the one before. */
export const contractVersion = 1;

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  'must be sha256: and 64 hex digits',
);

/** A file in the exchange, named relative to the folder of the document that lists it. */
export const artifactSchema = z.object({
  path: z
    .string()
    .max(512)
    .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must lie in the folder'),
  bytes: z.int().nonnegative(),
  digest: digestSchema,
});
export type Artifact = z.infer<typeof artifactSchema>;

/** `Baseline`: all blocks in one unit, for the time and energy of a serial run; what it trains is used by nobody. */
export const stageSchema = z.enum(['Prepare', 'Baseline', 'Distill', 'Finetune']);
export type Stage = z.infer<typeof stageSchema>;

/** A share of a split's samples that was answered rightly, with what is needed to judge it. */
export const accuracySchema = z.object({
  value: z.number().min(0).max(1),
  /** How many samples it was measured on. */
  samples: z.int().positive(),
  standardError: z.number().nonnegative(),
  /**
   * `Top1`: against labels. `Agreement`: with the teacher's top-1, where there are no labels. `Imitation`: one minus the
   * unexplained variance of the teacher's dense output, floored at 0.
   */
  measure: z.enum(['Top1', 'Agreement', 'Imitation']),
});
export type Accuracy = z.infer<typeof accuracySchema>;

/** Accuracy on the splits. Test figures are unknown without test data: null, and the reason says so. */
export const accuraciesSchema = z.object({
  validation: accuracySchema.nullable(),
  test: accuracySchema.nullable(),
  reason: z.string().optional(),
});
export type Accuracies = z.infer<typeof accuraciesSchema>;

export const costSchema = z.object({
  parameters: z.int().nonnegative(),
  /** Multiplications a sample (design words: padding counted, BatchNorm folded). */
  macs: z.int().nonnegative(),
});
export type Cost = z.infer<typeof costSchema>;

/** Milliseconds a batch, the median over `repeats`, of a frozen graph on the device that is named. */
export const latencySchema = z.object({
  batchSize: z.int().positive(),
  milliseconds: z.number().positive(),
  repeats: z.int().positive(),
});
export type Latency = z.infer<typeof latencySchema>;

/** What bits depend on besides the inputs: equal here means bit-equal results on a CPU. */
export const platformSchema = z.object({
  device: z.enum(['CPU', 'GPU']),
  deviceName: z.string(),
  tensorflow: z.string(),
  threads: z.int().positive(),
  precision: z.enum(['Float32', 'TF32', 'BFloat16']),
  reproducible: z.boolean(),
});
export type Platform = z.infer<typeof platformSchema>;

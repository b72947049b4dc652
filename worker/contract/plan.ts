import * as z from 'zod';
import { accuraciesSchema, contractVersion, costSchema, digestSchema } from './primitives.ts';

/** A block that will be distilled. Layer names are the teacher's. */
export const plannedBlockSchema = z.object({
  name: z.string(),
  layers: z.array(z.string()).min(1),
  /** The layer whose output the block reads. */
  input: z.string(),
  /** The layer whose output the block makes. */
  output: z.string(),
  /** `[height, width, channels]` */
  inputShape: z.array(z.int().positive()),
  outputShape: z.array(z.int().positive()),
  /** Mean square of the target over the unaugmented training split: the constant of the normalised loss. */
  meanSquare: z.number().nonnegative(),
  teacher: costSchema,
  replacement: costSchema,
});
export type PlannedBlock = z.infer<typeof plannedBlockSchema>;

/** A candidate that stays the teacher's, with the reason as a sentence. */
export const keptBlockSchema = z.object({
  name: z.string(),
  layers: z.array(z.string()),
  reason: z.string(),
});

/**
 * What prepare decided. Its digest is the identity of everything that is computed from it, so it holds no times, no
 * paths outside the exchange and nothing else that a repeated prepare would write differently.
 */
export const planSchema = z.object({
  version: z.literal(contractVersion),
  specDigest: digestSchema,
  seed: z.int(),
  /** Samples a batch in every teacher pass of the job. */
  batchSize: z.int().positive(),
  teacher: z.object({
    /** Folder of the teacher's LayersModel copy, relative to the plan. */
    path: z.string(),
    digest: digestSchema,
    cost: costSchema,
    inputShape: z.array(z.int().positive()),
    outputShape: z.array(z.int().positive()),
    accuracy: accuraciesSchema,
  }),
  dataset: z.object({
    /** Folder of the materialised data, relative to the plan. */
    path: z.string(),
    digest: digestSchema,
    classes: z.int().positive().nullable(),
    samples: z.object({
      train: z.int().positive(),
      validation: z.int().positive(),
      /** Null without test data. */
      test: z.int().positive().nullable(),
    }),
  }),
  /** Every block boundary of the job in topological order; each teacher pass taps them all up to its last one. */
  boundaries: z.array(z.string()),
  blocks: z.array(plannedBlockSchema).min(1).max(128),
  kept: z.array(keptBlockSchema),
  /** The names of `blocks` and `kept` together in the teacher's order; plans of the first builds have none. */
  candidates: z.array(z.string()).default([]),
  threads: z.object({
    prepare: z.int().positive(),
    distill: z.int().positive(),
  }),
  warnings: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

/** What prepare found out about its own device, for ordering, packing and the reader: part of no identity. */
export const profileSchema = z.object({
  version: z.literal(contractVersion),
  device: z.string(),
  /** Seconds of one pass through the whole teacher. */
  teacherSeconds: z.number().positive(),
  blocks: z.array(
    z.object({
      name: z.string(),
      /** One training step of the replacement. */
      stepSeconds: z.number().positive(),
      /** The teacher from its input to the block's output boundary. */
      prefixSeconds: z.number().nonnegative(),
    }),
  ),
  /** Sentences for the user about this device; those about teacher and data are the plan's. */
  warnings: z.array(z.string()),
});
export type Profile = z.infer<typeof profileSchema>;

export const planFiles = { plan: 'plan.json', profile: 'profile.json' } as const;

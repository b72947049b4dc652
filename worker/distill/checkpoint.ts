import * as z from 'zod';
import { energyReadingsSchema } from '../contract/energy-reading.ts';
import { accuracySchema, digestSchema } from '../contract/primitives.ts';

const verdictSchema = z.object({
  unexplainedVariance: z.number().nullable(),
  score: accuracySchema.nullable(),
  /** Why the block counts as collapsed. */
  collapsed: z.string().optional(),
});

/** Where the training of one block stands, apart from its tensors. */
export const blockCheckpointSchema = z.object({
  name: z.string(),
  /** 1, or 2 in the retry of a collapsed block. */
  training: z.int().positive(),
  live: z.boolean(),
  stopReason: z.enum(['Finished', 'EarlyStopped', 'NotFinite']).optional(),
  epochs: z.int().nonnegative(),
  bestLoss: z.number().nullable(),
  /** What early stopping compares with. */
  lossToBeat: z.number().nullable(),
  epochsSinceBest: z.int().nonnegative(),
  history: z.array(z.object({ loss: z.number().nullable(), validationLoss: z.number().nullable() })),
  seconds: z.number().nonnegative(),
  /** Judged after its training ended; the best weights are then the recalibrated ones. */
  verdict: verdictSchema.nullable(),
});
export type BlockCheckpoint = z.infer<typeof blockCheckpointSchema>;

/** Where a unit stands between two steps. */
export const unitCheckpointSchema = z.object({
  version: z.literal(1),
  specDigest: digestSchema,
  planDigest: digestSchema,
  /** What bits depend on besides the inputs: on another platform the unit starts anew. */
  platform: z.string(),
  /** Rises with every step and verdict, over all attempts. */
  sequence: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  /** Steps of the epoch that are done. */
  step: z.int().nonnegative(),
  sharedSeconds: z.number().nonnegative(),
  /** What all attempts so far have drawn. Empty in checkpoints from before there were meters: nothing is known. */
  energy: energyReadingsSchema.default([]),
  blocks: z.array(blockCheckpointSchema),
});

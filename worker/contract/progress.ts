import * as z from 'zod';
import { contractVersion, stageSchema } from './primitives.ts';

/** How far one block has come; loss is the running mean of the current epoch. */
const blockProgressSchema = z.object({
  name: z.string(),
  state: z.enum(['Waiting', 'Training', 'Scoring', 'Done']),
  epoch: z.int().nonnegative(),
  epochs: z.int().positive(),
  /** Steps done and to do, of the current training of this block. */
  step: z.int().nonnegative(),
  steps: z.int().positive(),
  loss: z.number().nullable(),
});

/** A snapshot that a worker offers while it runs: a line of JSON on its standard output, and `/progress` in a pod. */
export const progressSchema = z.object({
  version: z.literal(contractVersion),
  stage: stageSchema,
  unit: z.string(),
  attempt: z.string(),
  /** What it is doing, as a short sentence without a full stop. */
  activity: z.string(),
  /** Share of the unit's work done, 0 to 1; null while it can't be told. */
  fraction: z.number().min(0).max(1).nullable(),
  samplesPerSecond: z.number().nonnegative().nullable(),
  /** Until the end of the unit, whatever `activity` is; null while it can't be told. */
  etaSeconds: z.number().nonnegative().nullable(),
  /** The training steps of this attempt so far; a stage without steps has none, and so has a worker of an older version. */
  trained: z
    .object({
      /** A step is one batch through all blocks that are still trained. */
      steps: z.int().nonnegative(),
      /** Spent on the steps alone, not on what is between them. */
      seconds: z.number().nonnegative(),
      /** Each counted once however many blocks are trained on it. */
      images: z.int().nonnegative(),
    })
    .optional(),
  blocks: z.array(blockProgressSchema),
});
export type Progress = z.infer<typeof progressSchema>;

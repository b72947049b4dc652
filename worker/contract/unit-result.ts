import * as z from 'zod';
import { energyReadingsSchema } from './energy-reading.ts';
import {
  accuraciesSchema,
  accuracySchema,
  artifactSchema,
  contractVersion,
  costSchema,
  digestSchema,
  latencySchema,
  platformSchema,
} from './primitives.ts';

const blockStateSchema = z.enum(['Distilled', 'Collapsed']);

/** Inference of the teacher's layers of a block and of its replacement, alone: of frozen graphs on the unit's device. */
export const blockLatencySchema = z.object({
  batchSize: z.int().positive(),
  /** Milliseconds a batch, the median over `repeats`. */
  teacherMilliseconds: z.number().positive(),
  replacementMilliseconds: z.number().positive(),
  repeats: z.int().positive(),
});
export type BlockLatency = z.infer<typeof blockLatencySchema>;

/** The most memory that an attempt took. */
export const peakMemorySchema = z.object({
  /** Resident memory of the process. */
  hostBytes: z.int().positive(),
  /** Memory of the card in use, by all processes on it, at the looks that its meter took once a second; null: unknown. */
  deviceBytes: z.int().nonnegative().nullable(),
  /** Why that is unknown. */
  reason: z.string().optional(),
});
export type PeakMemory = z.infer<typeof peakMemorySchema>;

/** What became of one block. */
export const blockResultSchema = z.object({
  name: z.string(),
  /** `Collapsed`: no usable replacement came out, after the retry; the teacher's layers stay. */
  state: blockStateSchema,
  reason: z.string().optional(),
  /** Trainings of the block: 2 when the first collapsed and was tried again at a lower learning rate. */
  trainings: z.int().positive(),
  epochs: z.int().nonnegative(),
  stopReason: z.enum(['Finished', 'EarlyStopped', 'NotFinite']),
  /** The last epoch's mean training loss; null when it was not finite. */
  loss: z.number().nullable(),
  /** MSE over the variance around each channel's mean: validation split, inference mode, best weights. */
  unexplainedVariance: z.number().nullable(),
  /** The teacher with this block swapped, validation split. */
  score: accuracySchema.nullable(),
  /** Mean loss of each epoch: training and validation. */
  history: z.array(z.object({ loss: z.number().nullable(), validationLoss: z.number().nullable() })),
  /** Device seconds spent on this block's steps over all attempts. */
  seconds: z.number().nonnegative(),
  /**
   * Null: it could not be measured, and the worker's log says why; or a pod's message had no room for it. Absent: there is no replacement, or the result is from
   * before it was measured.
   */
  latency: blockLatencySchema.nullable().optional(),
  weights: artifactSchema.nullable(),
});
export type BlockResult = z.infer<typeof blockResultSchema>;

const common = {
  version: z.literal(contractVersion),
  jobUid: z.string(),
  unit: z.string(),
  attempt: z.string(),
  specDigest: digestSchema,
  platform: platformSchema,
  startTime: z.iso.datetime(),
  completionTime: z.iso.datetime(),
  /** Device seconds over all attempts, interrupted ones included up to their last checkpoint. */
  seconds: z.number().nonnegative(),
  /**
   * What this attempt's devices drew, a reading each; one that can't be measured is there, too, with the reason. Empty in
   * results from before there were meters: nothing is known.
   */
  energy: energyReadingsSchema.default([]),
};

const continued = {
  /**
   * What the earlier attempts drew, as far as their checkpoints say, also where this one could not go on from them, as on
   * another device. Absent: there was no checkpoint. Empty: it is from before there were meters.
   */
  earlierEnergy: energyReadingsSchema.optional(),
};

export const prepareResultSchema = z.object({
  ...common,
  stage: z.literal('Prepare'),
  plan: artifactSchema,
  profile: artifactSchema,
  artifacts: z.array(artifactSchema),
});
export type PrepareResult = z.infer<typeof prepareResultSchema>;

export const distillResultSchema = z.object({
  ...common,
  ...continued,
  stage: z.literal('Distill'),
  planDigest: digestSchema,
  /** Where the boundary activations came from; changes times, never bits. */
  activations: z.enum(['Memory', 'Disk', 'Recompute']),
  /** Seconds of teacher passes, loading and evaluation that no single block can be charged with. */
  sharedSeconds: z.number().nonnegative(),
  /** Of this attempt, up to the end of training and judging. Absent in results from before it was looked at. */
  peakMemory: peakMemorySchema.optional(),
  blocks: z.array(blockResultSchema).min(1),
});
export type DistillResult = z.infer<typeof distillResultSchema>;

/** The serial run of all blocks that speedup and energy saving are measured against: its weights are not kept. */
export const baselineResultSchema = distillResultSchema.extend({ stage: z.literal('Baseline') });
export type BaselineResult = z.infer<typeof baselineResultSchema>;

/** A stage of the student: `Stitched`, then BatchNorm `Recalibrated`, then `Finetuned`. */
const studentStageSchema = z.enum(['Stitched', 'Recalibrated', 'Finetuned']);

export const finetuneResultSchema = z.object({
  ...common,
  ...continued,
  stage: z.literal('Finetune'),
  planDigest: digestSchema,
  blocks: z.array(
    z.object({
      name: z.string(),
      replaced: z.boolean(),
      reason: z.string().optional(),
      scoreDrop: z.number().nullable(),
    }),
  ),
  teacher: z.object({ cost: costSchema, accuracy: accuraciesSchema, latency: z.array(latencySchema) }),
  student: z.object({
    cost: costSchema,
    /** One entry a stage that was reached. */
    stages: z.array(z.object({ stage: studentStageSchema, accuracy: accuraciesSchema })).min(1),
    /** The stage that was kept, chosen on validation. */
    chosen: studentStageSchema,
    latency: z.array(latencySchema),
    /** Digest over model.json and the weight files. */
    digest: digestSchema,
    /** Where it was published; null when it was not accepted. */
    uri: z.string().nullable(),
  }),
  /** False: worse than `acceptance` allows, or nothing replaced; the student is kept for inspection. */
  accepted: z.boolean(),
  reason: z.string().optional(),
  history: z.array(z.object({ loss: z.number().nullable(), validationAccuracy: z.number().nullable() })),
  artifacts: z.array(artifactSchema),
});
export type FinetuneResult = z.infer<typeof finetuneResultSchema>;

export const unitResultSchema = z.discriminatedUnion('stage', [
  prepareResultSchema,
  baselineResultSchema,
  distillResultSchema,
  finetuneResultSchema,
]);
export type UnitResult = z.infer<typeof unitResultSchema>;

/** The file of an attempt's folder whose presence commits it. */
export const resultFile = 'result.json';

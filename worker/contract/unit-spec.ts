import * as z from 'zod';
import { jobSpecSchema } from './job-spec.ts';
import { contractVersion, digestSchema, stageSchema } from './primitives.ts';

/** A committed document of an earlier stage: where it lies and what it must hash to. */
export const referenceSchema = z.object({ path: z.string(), digest: digestSchema });
export type Reference = z.infer<typeof referenceSchema>;

/**
 * What one worker is told. The exchange holds `<unit>/<attempt id>/...`: an attempt writes into its own folder alone,
 * and reads those of earlier attempts at the same unit for checkpoints and committed results.
 */
export const unitSpecSchema = z.object({
  version: z.literal(contractVersion),
  job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  stage: stageSchema,
  /** `prepare`, `baseline`, `unit-000` ..., `finetune`: the folder in the exchange. */
  unit: z.string().regex(/^[a-z0-9-]{1,63}$/),
  attempt: z.object({ id: z.string().regex(/^[A-Za-z0-9-]{1,63}$/), number: z.int().positive() }),
  spec: jobSpecSchema,
  /** Digest of what decides this stage's bits in `spec`; results name it. */
  specDigest: digestSchema,
  /** Prepare: what the teacher's files add up to, where whoever writes this can read them. */
  teacherDigest: digestSchema.optional(),
  /** The exchange folder of the job: an absolute path, `file:///...`, or `s3://bucket/...`. */
  exchange: z.string(),
  /** Absent for Prepare. */
  plan: referenceSchema.optional(),
  /** Distill and Baseline: the blocks that share this unit's teacher pass. */
  blocks: z.array(z.string()).optional(),
  /** Finetune: the committed results of all units. */
  results: z.array(referenceSchema).optional(),
  /** Blocks that are kept because their unit failed for good (`onUnitFailure: KeepTeacher`), with the reason. */
  failedBlocks: z.array(z.object({ name: z.string(), reason: z.string() })).optional(),
});
export type UnitSpec = z.infer<typeof unitSpecSchema>;

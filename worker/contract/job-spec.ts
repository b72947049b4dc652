import * as z from 'zod';
import type { CompiledSpec } from '../../crds/compiled-job.ts';

/**
 * The part of a compiled job that the worker reads: every default filled in, every URI absolute.
 *
 * It is not checked again here: it was written by the compiler of the API, and its digest is part of what results name.
 */
export type JobSpec = Pick<
  CompiledSpec,
  | 'teacher'
  | 'dataset'
  | 'partition'
  | 'replacement'
  | 'distill'
  | 'stitch'
  | 'finetune'
  | 'acceptance'
  | 'output'
  | 'storage'
  | 'execution'
  | 'resources'
>;

export const jobSpecSchema = z.custom<JobSpec>(
  (value) => typeof value === 'object' && value !== null && 'teacher' in value && 'execution' in value,
  'must be a compiled DistillationJob spec',
);

import type { JobSpec } from './job-spec.ts';

/** Where a unit's activations come from: session memory, scratch files, or a teacher pass for every batch. */
export type ActivationTier = 'Memory' | 'Disk' | 'Recompute';

/** What a unit may keep of the teacher's activations. */
export interface CacheBudget {
  /** Of the memory that the session is in: the accelerator's, or main memory. */
  readonly sessionBytes: number;
  readonly diskBytes: number;
}

export interface Activations {
  /** `[height, width, channels]` of every boundary of the unit, each boundary once. */
  readonly shapes: readonly (readonly number[])[];
  /** Samples a split. */
  readonly samples: { readonly train: number; readonly validation: number };
  /** Different passes over the training split: 1 without augmentation; 0 or Infinity when every epoch is fresh. */
  readonly passes: number;
}

const bytesAValue = 4;
/** TensorFlow's kernels index a GPU tensor with 31 bits. */
const maxElements = 2 ** 31 - 1;

/** The budget that the manifest states for a device; nothing where it asks for recomputation. */
export function cacheBudget(
  { mode, deviceMemoryBytes, memoryBytes, diskBytes }: JobSpec['execution']['activationCache'],
  device: 'CPU' | 'GPU',
): CacheBudget {
  if (mode === 'Recompute') return { sessionBytes: 0, diskBytes: 0 };
  return { sessionBytes: device === 'GPU' ? deviceMemoryBytes : memoryBytes, diskBytes };
}

/** The first place in which all of a unit's activations have room: what a worker does, and what its time is predicted by. */
export function activationTier(activations: Activations, budget: CacheBudget): ActivationTier {
  const { passes, samples } = activations;
  if (passes === 0) return 'Recompute';
  const elements = activations.shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const rows = samples.train * passes + samples.validation;
  const bytes = bytesAValue * rows * elements.reduce((total, each) => total + each, 0);
  // One spare row takes what padding computes.
  const addressable = elements.every((each) => (samples.train * passes + 1) * each <= maxElements);
  if (addressable && bytes <= budget.sessionBytes) return 'Memory';
  return bytes <= budget.diskBytes ? 'Disk' : 'Recompute';
}

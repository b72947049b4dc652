import type { JobSpec } from '../contract/job-spec.ts';
import { stepsPerEpoch } from '../data/order.ts';

export interface TrainingLength {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** In all; the last epoch may be shorter than the others. */
  readonly steps: number;
}

/** The length of a block's training from `epochs` or `steps` of the manifest. */
export function trainingLength(spec: JobSpec, samples: number): TrainingLength {
  const perEpoch = stepsPerEpoch(samples, spec.distill.batchSize);
  const steps = spec.distill.steps ?? perEpoch * (spec.distill.epochs ?? 1);
  return { epochs: Math.ceil(steps / perEpoch), stepsPerEpoch: perEpoch, steps };
}

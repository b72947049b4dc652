import type { CompiledJob, CompiledSpec } from '../../crds/compiled-job.ts';
import { cacheBudget } from '../../worker/contract/activation-tier.ts';
import type { JobSpec } from '../../worker/contract/job-spec.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Packing } from '../packing/choose-units.ts';
import type { JobPolicy, TrainingAmount } from './observed.ts';

export function deviceOf({ resources }: Pick<CompiledSpec, 'resources'>, stage: Stage): 'CPU' | 'GPU' {
  switch (stage) {
    case 'Prepare':
      return resources.prepare.device;
    case 'Baseline':
    case 'Distill':
      return resources.distill.device;
    case 'Finetune':
      return resources.finetune.device;
  }
}

export function policyOf({ spec }: CompiledJob): JobPolicy {
  return {
    maxParallel: spec.execution.maxParallel,
    onUnitFailure: spec.distill.onUnitFailure,
    backoffLimit: spec.backoffLimit,
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    pendingDeadlineSeconds: spec.execution.pendingDeadlineSeconds,
    ttlSecondsAfterFinished: spec.ttlSecondsAfterFinished,
    baseline: spec.execution.baseline,
  };
}

export function packingOf({ spec }: CompiledJob): Packing {
  const { packing, maxParallel } = spec.execution;
  if (packing === 'PerBlock') return { mode: packing };
  // The API's rules say that it is there.
  if (maxParallel === undefined) throw new Error('packing Auto without maxParallel');
  return { mode: packing, workers: maxParallel };
}

export function trainingOf({ spec }: { readonly spec: JobSpec }): TrainingAmount {
  const { horizontalFlip, shiftCrop, rotation, brightness, contrast, saturation, passes } =
    spec.dataset.augmentation;
  const augmented = horizontalFlip || shiftCrop + rotation + brightness + contrast + saturation > 0;
  return {
    steps: spec.distill.steps,
    epochs: spec.distill.epochs ?? 1,
    batchSize: spec.distill.batchSize,
    passes: !augmented ? 1 : passes === 0 ? Infinity : passes,
    cache: cacheBudget(spec.execution.activationCache, deviceOf(spec, 'Distill')),
    finetuneEpochs: spec.finetune.epochs,
  };
}

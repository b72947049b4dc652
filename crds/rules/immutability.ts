import type { Rule } from './rule.ts';

/**
 * What decides the bits of a result, so may not change under it. Each place is always there, because it is required or
 * has a default: a transition rule at a place that may be absent does not see it appear or go.
 */
const fixedPlaces = [
  'spec.teacher',
  'spec.dataset',
  'spec.partition',
  'spec.replacement',
  'spec.distill',
  'spec.stitch',
  'spec.finetune',
  'spec.acceptance',
  'spec.output',
  'spec.storage',
  'spec.execution.device',
  'spec.execution.precision',
  'spec.execution.packing',
  'spec.execution.activationCache',
  'spec.execution.threads',
  'spec.execution.baseline',
  'spec.execution.idleBaselineSeconds',
  'spec.execution.seed',
];

export const immutabilityRules: readonly Rule[] = [
  ...fixedPlaces.map((path) => ({
    path,
    cel: 'self == oldSelf',
    message: `${path} cannot be changed after the job was created: results depend on it; create another DistillationJob`,
  })),
  { path: 'spec.retry', cel: 'self >= oldSelf', message: 'retry can only be raised' },
];

import { digestOfJson } from '../../common/digest.ts';
import type { JobSpec } from '../../worker/contract/job-spec.ts';
import type { Execution } from '../accounting/baseline.ts';

/** What decides how long the units of a job take and what they draw, though not what comes out. */
export function executionOf({ execution, resources }: Pick<JobSpec, 'execution' | 'resources'>): Execution {
  return {
    packing: execution.packing,
    ...(execution.packing === 'Auto' ? { workers: execution.maxParallel } : {}),
    activationCache: digestOfJson(execution.activationCache),
    resources: digestOfJson(resources.distill),
  };
}

import type { AcceptedJob } from './accept-job.ts';
import { noSpecDefaults, type OperatorDefaults } from './operator-defaults.ts';

/**
 * What a job that was accepted has or may have, it keeps, though the operator now has other defaults: it is looked at anew
 * after each restart.
 */
export function keptDefaults(
  accepted: AcceptedJob | undefined,
  defaults: OperatorDefaults,
): OperatorDefaults {
  if (accepted === undefined) return defaults;
  const volumes = accepted.compiled.spec.pod.volumes ?? [];
  const hadHostVolumes = volumes.some(({ hostPath, nfs }) => hostPath !== undefined || nfs !== undefined);
  return {
    ...defaults,
    workerImage: defaults.workerImage ?? accepted.image,
    specDefaults: accepted.specDefaults ?? noSpecDefaults,
    allowHostVolumes: defaults.allowHostVolumes || hadHostVolumes,
  };
}

import type { DistillationJobStatus } from '../../crds/status.ts';
import type { ObservedAttempt } from '../decide/observed.ts';
import type { JobRecord } from './job-records.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import { unitNameOf } from './names.ts';
import type { ObservedAttempts } from './observe-attempts.ts';

/** In the others nothing runs, or nobody has looked yet. */
const working: ReadonlySet<DistillationJobStatus['phase']> = new Set(['Distilling', 'Finetuning']);

/**
 * What is observed, and attempts that the status has counted, of which neither Job nor pod is to be seen: somebody has
 * deleted their Jobs, and an operator that has just started doesn't know when. Until it must have been long ago, they may
 * still have pods that are yet to come.
 */
export function withOutOfSight(
  observation: ObservedAttempts,
  {
    object: { status = {} },
    record: { plan },
    until,
  }: {
    readonly object: Pick<DistillationJobObject, 'status'>;
    readonly record: Pick<JobRecord, 'plan'>;
    readonly until: Date | undefined;
  },
): ObservedAttempts {
  if (until === undefined || plan === undefined) return observation;
  const lost = attemptsOutOfSight(status, plan.units, observation.attempts);
  if (lost.length === 0) return observation;
  const { attempts, changesAt = until } = observation;
  return {
    ...observation,
    attempts: [...attempts, ...lost],
    changesAt: changesAt < until ? changesAt : until,
  };
}

function attemptsOutOfSight(
  { phase, blocks = [] }: DistillationJobStatus,
  units: readonly (readonly string[])[],
  attempts: readonly ObservedAttempt[],
): ObservedAttempt[] {
  if (!working.has(phase)) return [];
  return units.flatMap((names, index) => {
    const unit = unitNameOf('Distill', index);
    const block = blocks.find(({ name }) => name === names[0]);
    const number = block?.attempts ?? 0;
    const isOpen = block?.state === 'Pending' || block?.state === 'Running';
    const seen = Math.max(0, ...attempts.flatMap((each) => (each.unit === unit ? [each.number] : [])));
    if (!isOpen || number <= seen) return [];
    const id = `${unit}-${number}`;
    return [{ unit, stage: 'Distill', id, number, retry: 0, state: 'Pending', stopping: true } as const];
  });
}

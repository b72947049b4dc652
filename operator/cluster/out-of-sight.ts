import type { DistillationJobStatus } from '../../crds/status.ts';
import type { ObservedAttempt } from '../decide/observed.ts';
import { unitNameOf } from './names.ts';

/** In the others nothing runs, or nobody has looked yet. */
const working: ReadonlySet<DistillationJobStatus['phase']> = new Set(['Distilling', 'Finetuning']);

/**
 * Attempts that the status has counted, and of which neither Job nor pod is to be seen: somebody has deleted their Jobs, and
 * an operator that has just started doesn't know when.
 */
export function attemptsOutOfSight(
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

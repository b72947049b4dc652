import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { ObservedAttempt } from '../decide/observed.ts';
import type { JobRecord } from './job-records.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import { unitNameOf } from './names.ts';
import type { ObservedAttempts } from './observe-attempts.ts';

/** Nothing ran any more, or nothing is tried again. Not `Failed`: that is said before what still runs is ended. */
const settled: ReadonlySet<DistillationJobStatus['phase']> = new Set(['Suspended', 'Complete']);

interface Counted {
  readonly stage: Stage;
  readonly unit: string;
  /** The number of the last attempt that the status knows of. */
  readonly number: number;
}

/**
 * What is observed, and attempts that the status has counted, of which neither Job nor pod is to be seen: somebody has
 * deleted their Jobs, and an operator that has just started doesn't know when. Until it must have been long ago, they may
 * still have pods that are yet to come.
 */
export function withOutOfSight(
  observation: ObservedAttempts,
  {
    object: { status = {} },
    record: { plan, student },
    until,
  }: {
    readonly object: Pick<DistillationJobObject, 'status'>;
    readonly record: Pick<JobRecord, 'plan' | 'student'>;
    readonly until: Date | undefined;
  },
): ObservedAttempts {
  if (until === undefined || settled.has(status.phase)) return observation;
  const open = [
    ...(plan === undefined ? [countedAlone('Prepare', status.attempts?.prepare)] : []),
    ...(plan === undefined ? [] : openUnits(status, plan.units)),
    ...openBaseline(status),
    ...(student === undefined ? [countedAlone('Finetune', status.attempts?.finetune)] : []),
  ];
  const lost = open.filter(({ unit, number }) => {
    const seen = observation.attempts.flatMap((each) => (each.unit === unit ? [each.number] : []));
    return number > Math.max(0, ...seen);
  });
  if (lost.length === 0) return observation;
  const { attempts, changesAt = until } = observation;
  return {
    ...observation,
    attempts: [...attempts, ...lost.map(attemptOf)],
    changesAt: changesAt < until ? changesAt : until,
  };
}

function countedAlone(stage: 'Prepare' | 'Finetune', number = 0): Counted {
  return { stage, unit: unitNameOf(stage, 0), number };
}

function openBaseline({ baseline }: DistillationJobStatus): readonly Counted[] {
  const { mode, state, attempts: number = 0 } = baseline ?? {};
  const isOpen = mode === 'Measure' && (state === 'Pending' || state === 'Running');
  return isOpen ? [{ stage: 'Baseline', unit: unitNameOf('Baseline', 0), number }] : [];
}

function openUnits(
  { blocks = [] }: DistillationJobStatus,
  units: readonly (readonly string[])[],
): readonly Counted[] {
  return units.flatMap((names, index) => {
    const block = blocks.find(({ name }) => name === names[0]);
    const isOpen = block?.state === 'Pending' || block?.state === 'Running';
    const unit = unitNameOf('Distill', index);
    return isOpen ? [{ stage: 'Distill', unit, number: block.attempts ?? 0 } as const] : [];
  });
}

function attemptOf({ stage, unit, number }: Counted): ObservedAttempt {
  return { unit, stage, id: `${unit}-${number}`, number, retry: 0, state: 'Pending', stopping: true };
}

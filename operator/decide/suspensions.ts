import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Interval } from '../accounting/intervals.ts';
import type { Observed } from './observed.ts';
import { isSuspended } from './phase.ts';

type Suspension = NonNullable<DistillationJobStatus['suspensions']>[number];

/** As many as a status has room for; of more, the oldest are forgotten. */
const mostSuspensions = 64;

/** The suspensions as the status is to have them. */
export function suspensionsOf(observed: Observed, now: Date): readonly Suspension[] {
  const earlier = observed.previous?.suspensions ?? [];
  const last = earlier.at(-1);
  const isOpen = last !== undefined && last.endTime === undefined;
  if (isSuspended(observed)) {
    return isOpen ? earlier : [...earlier, { startTime: now.toISOString() }].slice(-mostSuspensions);
  }
  if (!isOpen || observed.stop !== undefined) return earlier;
  return [...earlier.slice(0, -1), { ...last, endTime: now.toISOString() }];
}

/** All that are over, from wherever they are remembered. */
export function knownSuspensions({ suspensions, previous }: Observed): readonly Interval[] {
  if (suspensions !== undefined) return suspensions;
  return (previous?.suspensions ?? []).flatMap(({ startTime, endTime }) =>
    endTime === undefined ? [] : [{ start: Date.parse(startTime) / 1000, end: Date.parse(endTime) / 1000 }],
  );
}

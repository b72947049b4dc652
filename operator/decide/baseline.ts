import type { BaselineStatus } from '../../crds/status.ts';
import type { UnitToCreate } from './decision.ts';
import type { Observed } from './observed.ts';
import { isActive, isDue, isSettled, nextAttempt, type UnitViews } from './units.ts';

/**
 * Whether a serial run is still to be made, or to be ended: until then no unit starts, because units would disturb it.
 * One that is known to have ended is not made again, also when nothing is left of it.
 */
export function isMeasuring({ baseline }: UnitViews, observed: Observed): boolean {
  return baseline !== undefined && !isSettled(baseline) && rememberedRun(observed) === undefined;
}

/** What a status says of a serial run that has ended in the present try, whatever has become of its attempts. */
export function rememberedRun({ previous, retry }: Observed): BaselineStatus | undefined {
  const before = previous?.baseline;
  if (before?.mode !== 'Measure') return undefined;
  if (before.state === 'Known') return before;
  const hasFailed = before.state === 'Unknown' && before.completionTime !== undefined;
  return hasFailed && (previous?.retry ?? -1) >= retry ? before : undefined;
}

/** Why nothing is measured against it yet, or at all, as a sentence. */
export function whyUnknown({ mode, jobName, reason }: BaselineStatus): string {
  if (reason !== undefined) return reason;
  return mode === 'Job'
    ? `The job ${jobName} is compared with this one when this one ends.`
    : 'The serial run to measure against has not ended.';
}

/** The next attempt at the serial run, when it is due and nothing runs that would disturb it. */
export function decideBaseline(
  { baseline, distill }: UnitViews,
  { prepared }: Observed,
  now: Date,
): readonly UnitToCreate[] {
  if (baseline === undefined || prepared === undefined || !isDue(baseline, now)) return [];
  if (distill.some(({ attempts }) => attempts.some(isActive))) return [];
  return [{ ...nextAttempt(baseline), plan: prepared.reference, blocks: baseline.blocks }];
}

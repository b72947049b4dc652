import { measuredAttempt } from './measured-attempt.ts';
import type { UnitView } from './units.ts';

/** Device time that a result accounts for beyond what was observed, in seconds: clocks of nodes differ a little. */
const mostBeyondSeconds = 2;

/**
 * Why the attempts that are observed are not all that the units have had, or not all of their time, as a sentence; undefined
 * when they are. Figures made from a part of the time would flatter: a pod that was preempted is replaced within its Job, and
 * a suspension deletes Jobs.
 */
export function whyIncomplete(units: readonly UnitView[]): string | undefined {
  for (const { name, attempts, gone, state } of units) {
    const unseen = attempts.filter(
      ({ startTime, endTime, node }) =>
        endTime !== undefined && startTime === undefined && node === undefined,
    );
    if (gone + unseen.length > 0)
      return `${name} has had attempts that are gone: how long they ran is unknown.`;
    const observed = attempts
      .flatMap(measuredAttempt)
      .reduce((total, { start, end }) => total + end - start, 0);
    if (state.kind === 'Done' && state.result.value.seconds > observed + mostBeyondSeconds) {
      return `The result of ${name} accounts for more time than its attempts were seen to run: a pod of it was replaced.`;
    }
  }
  return undefined;
}

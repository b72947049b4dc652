import { isActive, type UnitView } from './units.ts';
import { hasEnded } from './runs.ts';

/** Device time that a result accounts for beyond what was observed, in seconds: clocks of nodes differ a little. */
const mostBeyondSeconds = 2;

/**
 * Why the runs that are known are not all that the units have had, or not all of their time, as a sentence; undefined when
 * they are. Figures made from a part of the time would flatter.
 */
export function whyIncomplete(units: readonly UnitView[]): string | undefined {
  for (const unit of units) {
    const { name, state } = unit;
    if (unknownRuns(unit) > 0) {
      return `It is not known of all attempts at ${name} how long they ran.`;
    }
    const known = unit.runs.filter(hasEnded);
    const seconds =
      known.reduce((total, { start, end }) => total + end.getTime() - start.getTime(), 0) / 1000;
    if (state.kind === 'Done' && state.result.value.seconds > seconds + mostBeyondSeconds) {
      return `The result of ${name} accounts for more time than its attempts were seen to run: a pod of it was replaced unseen.`;
    }
  }
  return undefined;
}

/** Attempts or pods of a unit that have ended, and of which it is not known for how long they ran. */
export function unknownRuns({ attempts, runs, gone }: UnitView): number {
  const active = new Set(attempts.filter(isActive).map(({ number }) => number));
  const known = new Set(runs.map(({ attempt }) => attempt));
  const unseen = attempts.filter(
    // One that a node was found for and that has no run never began.
    ({ number, endTime, node }) => endTime !== undefined && node === undefined && !known.has(number),
  );
  const open = runs.filter(
    ({ attempt, start, end, isUnseen }) =>
      isUnseen === true || (start !== undefined && end === undefined && !active.has(attempt)),
  );
  return gone + unseen.length + open.length;
}

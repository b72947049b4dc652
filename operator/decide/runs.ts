import type { UnitFacts } from '../../worker/contract/unit-facts.ts';
import type { MeasuredAttempt } from '../accounting/speedup.ts';
import type { Observed, ObservedAttempt, Run } from './observed.ts';
import type { UnitState } from './units.ts';

/** What of a unit tells which of its runs has done the work. */
interface RunsOfUnit {
  readonly attempts: readonly ObservedAttempt[];
  readonly runs: readonly Run[];
  readonly state: UnitState;
}

/** Times of pods are whole seconds. In milliseconds. */
const resolution = 1000;

/** A run whose time is known. */
export interface EndedRun extends Run {
  readonly start: Date;
  readonly end: Date;
}

/**
 * All runs of a unit, in order, of attempts that count. Where pods are not known of an attempt, its own times stand for
 * those of one.
 */
export function runsOf(
  unit: string,
  attempts: readonly ObservedAttempt[],
  { runs = [], attempts: all }: Pick<Observed, 'runs' | 'attempts'>,
): readonly Run[] {
  const superseded = new Set(
    all.filter((each) => each.unit === unit && each.superseded === true).map(({ number }) => number),
  );
  const own = runs.filter((run) => run.unit === unit && !superseded.has(run.attempt));
  const known = new Set(own.map(({ attempt }) => attempt));
  const assumed = attempts.filter(({ number }) => !known.has(number)).flatMap(runOfAttempt);
  const ordered = [...own, ...assumed].toSorted((a, b) => firstSign(a) - firstSign(b));
  return ordered.map((run) => closed(run, ordered, attempts));
}

function runOfAttempt({ unit, number, id, device, node, startTime, endTime }: ObservedAttempt): Run[] {
  if (startTime === undefined) return [];
  return [{ unit, attempt: number, name: id, device, node, start: startTime, end: endTime }];
}

/** The last pod of an attempt that has ended is over, though nobody saw how it ended. */
function closed(run: Run, all: readonly Run[], attempts: readonly ObservedAttempt[]): Run {
  const { start, end, attempt } = run;
  if (start === undefined || end !== undefined) return run;
  const ended = attempts.find(({ number }) => number === attempt)?.endTime;
  const isLast = all.findLast((each) => each.attempt === attempt) === run;
  return ended === undefined || !isLast ? run : { ...run, end: ended < start ? start : ended };
}

function firstSign({ created, start, end }: Run): number {
  return (start ?? created ?? end)?.getTime() ?? 0;
}

export function hasEnded(run: Run): run is EndedRun {
  return run.start !== undefined && run.end !== undefined;
}

/**
 * The run that did the work. Another one may have said the result, which it only found; what names the worker in it is
 * unknown to the cluster, so the time tells.
 */
export function workingRun(unit: RunsOfUnit, value: Pick<UnitFacts, 'startTime'>): Run | undefined {
  const start = new Date(value.startTime);
  const begun = unit.runs.filter((run) => run.start !== undefined);
  const found = begun.findLast((run) => run.start !== undefined && run.start <= start);
  const isOver = found?.end !== undefined && found.end.getTime() + resolution < start.getTime();
  return isOver ? undefined : found;
}

/** When the runs that have ended held their devices. */
export function measuredRuns(unit: RunsOfUnit): readonly MeasuredAttempt[] {
  const { state } = unit;
  const working = state.kind === 'Done' ? workingRun(unit, state.result.value) : undefined;
  return unit.runs.filter(hasEnded).map((run) => ({
    start: run.start.getTime() / 1000,
    end: run.end.getTime() / 1000,
    committed: run === working,
  }));
}

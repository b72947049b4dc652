import { mostAtOnce, secondsOnlyIn, type Interval } from './intervals.ts';

/** One attempt at a unit: the time during which it held its device. */
export interface MeasuredAttempt extends Interval {
  /** It committed the unit's result. */
  readonly committed: boolean;
}

export interface MeasuredUnit {
  readonly attempts: readonly MeasuredAttempt[];
  /** Device seconds that the committed result accounts for, over all attempts and without start-up; undefined without a result. */
  readonly resultSeconds: number | undefined;
  /** Seconds of the teacher up to the unit's last block, for all the passes that the unit made. */
  readonly prefixSeconds: number;
  /** The same if each of its blocks ran the teacher up to itself for every step. */
  readonly recomputedPrefixSeconds: number;
}

export interface SpeedupInput {
  /** The units of the distill stage. */
  readonly units: readonly MeasuredUnit[];
  /** Times at which the job was suspended or nobody ran it. */
  readonly suspensions: readonly Interval[];
  /** Wall-clock seconds of prepare and finetune, which don't run in parallel; undefined while they aren't known. */
  readonly sequentialSeconds: number | undefined;
  /** Seconds of a serial run that was really made. */
  readonly serialBaselineSeconds?: number;
}

export interface Speedup {
  readonly value?: number;
  readonly basis?: 'Measured' | 'Estimated';
  /** Seconds that one device needs for the same blocks. */
  readonly serialSeconds?: number;
  /** P: first unit start to last unit end, suspended time left out. */
  readonly parallelSeconds?: number;
  /** N: most units running at once. */
  readonly workers?: number;
  /** Sum of the units' times over the longest: no number of devices can do better. */
  readonly ceiling?: number;
  /** Busy device seconds / (N x P). */
  readonly balance?: number;
  /** Busy device seconds / serial seconds; only a measured baseline can see it. */
  readonly workInflation?: number;
  /** Work of recomputing the teacher for every block and step, over the work that was done; no part of `value`. */
  readonly savedWork?: number;
  /** The speedup of the whole job, with prepare and finetune, which don't run in parallel. */
  readonly endToEnd?: number;
  /** Why a figure is missing. */
  readonly reason?: string;
}

/**
 * What parallel work gained in the distill stage, by the definitions of the design (section 5).
 *
 * `Measured`: N x balance / workInflation, which is serial / P. `Estimated`: serial is the device seconds that the
 * results account for and one start-up, less the teacher prefixes that one device would not repeat: it would train all
 * blocks in one process on one teacher pass. What every unit spends on starting its process, loading TensorFlow and
 * building its graph is therefore no gain of parallel work; the smallest time that a unit spent so stands for the one
 * start-up, which keeps the estimate low.
 */
export function speedupOf(input: SpeedupInput): Speedup {
  const attempts = input.units.flatMap((unit) => unit.attempts);
  if (attempts.length === 0) return { reason: 'No unit has run.' };
  const span = {
    start: Math.min(...attempts.map(({ start }) => start)),
    end: Math.max(...attempts.map(({ end }) => end)),
  };
  const parallelSeconds = span.end - span.start - secondsOnlyIn(span, input.suspensions, attempts);
  const workers = mostAtOnce(attempts);
  if (parallelSeconds <= 0 || workers === 0) return { reason: 'The units took no measurable time.' };
  const busy = sum(attempts.map(secondsOf));
  const balance = busy / (workers * parallelSeconds);
  const useful = input.units.map(usefulSeconds);
  const known = { parallelSeconds, workers, balance, ...ceilingOf(useful) };
  const serial =
    input.serialBaselineSeconds === undefined
      ? { serialSeconds: estimatedSerialSeconds(input.units, useful), basis: 'Estimated' as const }
      : { serialSeconds: input.serialBaselineSeconds, basis: 'Measured' as const };
  if (serial.serialSeconds <= 0)
    return { ...known, reason: 'No unit has a result to estimate a serial run from.' };
  return {
    ...known,
    ...serial,
    value: serial.serialSeconds / parallelSeconds,
    savedWork: savedWork(input.units, useful),
    ...(serial.basis === 'Measured'
      ? { workInflation: busy / serial.serialSeconds }
      : { reason: 'Work inflation is unknown: an estimate cannot see contention.' }),
    ...endToEnd(input.sequentialSeconds, serial.serialSeconds, parallelSeconds),
  };
}

/** Sum of times over the longest time; absent when there are none. */
export function ceilingOf(seconds: readonly number[]): { ceiling?: number } {
  const longest = Math.max(0, ...seconds);
  return longest === 0 ? {} : { ceiling: sum(seconds) / longest };
}

/**
 * Busy seconds of a unit less the work lost to kills. The committing attempt lost nothing; of the others counts what
 * its result took over from their checkpoints.
 */
export function usefulSeconds(unit: MeasuredUnit): number {
  if (unit.resultSeconds === undefined) return 0;
  const busy = busySeconds(unit);
  const committing = unit.attempts.find(({ committed }) => committed);
  const atLeast = committing === undefined ? 0 : secondsOf(committing);
  return Math.min(busy, Math.max(atLeast, unit.resultSeconds));
}

function estimatedSerialSeconds(units: readonly MeasuredUnit[], useful: readonly number[]): number {
  const prefixes = units.filter((unit) => unit.resultSeconds !== undefined).map((unit) => unit.prefixSeconds);
  const repeated = sum(prefixes) - Math.max(0, ...prefixes);
  const work = units.map(resultSecondsOf);
  const startUps = units.flatMap((unit, index) =>
    unit.resultSeconds === undefined ? [] : [busySeconds(unit) - (work[index] ?? 0)],
  );
  const oneProcess = sum(work) + (startUps.length === 0 ? 0 : Math.min(...startUps));
  // Where only one unit has a result, its lost work looks like start-up.
  return Math.min(sum(useful), oneProcess) - repeated;
}

/** What the result accounts for, which can't be more than the devices were busy. */
function resultSecondsOf(unit: MeasuredUnit): number {
  return Math.min(busySeconds(unit), unit.resultSeconds ?? 0);
}

function busySeconds({ attempts }: MeasuredUnit): number {
  return sum(attempts.map(secondsOf));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

function savedWork(units: readonly MeasuredUnit[], useful: readonly number[]): number {
  const done = sum(useful);
  const saved = units
    .filter((unit) => unit.resultSeconds !== undefined)
    .reduce((total, unit) => total + unit.recomputedPrefixSeconds - unit.prefixSeconds, 0);
  return (done + saved) / done;
}

function endToEnd(sequential: number | undefined, serial: number, parallel: number): { endToEnd?: number } {
  return sequential === undefined ? {} : { endToEnd: (sequential + serial) / (sequential + parallel) };
}

function secondsOf({ start, end }: Interval): number {
  return Math.max(0, end - start);
}

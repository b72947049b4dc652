import type { EnergyMethod } from './energy-readings.ts';
import type { Interval } from './intervals.ts';

/** What a device drew at a moment, on the clock of the units' intervals. */
export interface PowerSample {
  readonly seconds: number;
  readonly watts: number;
}

export interface PowerSeries {
  /** `Counter` where its joules are those of the device's own counter; default: `SampledPower`. */
  readonly method?: EnergyMethod;
  /** Energy of the interval. Those of neighbouring intervals add up to that of both together. */
  energyOf(interval: Interval): SampledEnergy;
}

export interface SampledEnergy {
  /** Null with a reason: the samples don't tell. */
  readonly joules: number | null;
  readonly reason?: string;
  /** Stretches without a sample that lie at least partly in the interval; they are bridged by a straight line. */
  readonly gaps: number;
}

export interface PowerLog {
  /**
   * The samples are differences of an energy counter that starts again after this many joules, such as 65,536 for a RAPL
   * counter of 32 bits with a unit of 15.26 uJ: where it did, the sample is far below 0.
   */
  readonly counterRangeJoules?: number;
}

/** No device draws more: a figure beyond it is no reading, such as the 9.22e18 of DCGM for "blank". */
const mostWatts = 10_000;
/** Samples further apart than this many times the usual distance have a gap between them. */
const gapFactor = 3;
/** With more than this share of an interval in gaps, its energy is a guess. */
export const mostGapShare = 0.1;

/**
 * Power polled by a log or an exporter, integrated by the trapezoidal rule. A sample of a counter that has wrapped is
 * repaired; where that makes no sense of it, and where it is no power at all, it is left out.
 *
 * @param samples in order of time
 */
export function powerSeries(samples: readonly PowerSample[], log: PowerLog = {}): PowerSeries {
  const readable = repaired(samples, log.counterRangeJoules).filter(
    (sample, index, all) => isPower(sample) && sample.seconds > (all[index - 1]?.seconds ?? -Infinity),
  );
  const longest = gapFactor * usualDistance(readable);
  const moments = readable.map(({ seconds }) => seconds);
  const track = { samples: readable, moments, joules: cumulative(readable) };
  return {
    energyOf: ({ start, end }) => {
      const [first, last] = [readable.at(0), readable.at(-1)];
      if (first === undefined || last === undefined) return unknown('There are no power samples.');
      if (start < first.seconds - longest) return unknown('The power samples begin too late.');
      if (end > last.seconds + longest) return unknown('The power samples end too early.');
      const { gaps, gapSeconds } = gapsWithin(readable, { start, end }, longest);
      if (gapSeconds > mostGapShare * (end - start)) {
        const text = `There are no power samples for ${gapSeconds.toFixed(0)} of ${(end - start).toFixed(0)} s.`;
        return { ...unknown(text), gaps };
      }
      return { joules: joulesUntil(track, end) - joulesUntil(track, start), gaps };
    },
  };
}

function unknown(reason: string): SampledEnergy {
  return { joules: null, reason, gaps: 0 };
}

export function isPower({ watts }: Pick<PowerSample, 'watts'>): boolean {
  return watts >= 0 && watts <= mostWatts;
}

/**
 * Each sample of a counter is its change since the sample before it: after a wrap it lacks the counter's range. Where the
 * log rounds its times, so much joules in so short a time may come out as no power; the sample is left out then.
 */
function repaired(samples: readonly PowerSample[], range: number | undefined): readonly PowerSample[] {
  if (range === undefined) return samples;
  return samples.map((sample, index) => {
    const before = samples[index - 1];
    if (sample.watts >= 0 || before === undefined) return sample;
    return { ...sample, watts: sample.watts + range / (sample.seconds - before.seconds) };
  });
}

/** The median distance of two samples. */
function usualDistance(samples: readonly PowerSample[]): number {
  const distances = samples.slice(1).map(({ seconds }, index) => seconds - (samples[index]?.seconds ?? 0));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
}

function gapsWithin(
  samples: readonly PowerSample[],
  { start, end }: Interval,
  longest: number,
): { gaps: number; gapSeconds: number } {
  let gaps = 0;
  let gapSeconds = 0;
  for (const [index, { seconds: to }] of samples.entries()) {
    const from = samples[index - 1]?.seconds ?? to;
    const shared = Math.min(to, end) - Math.max(from, start);
    if (to - from <= longest || shared <= 0) continue;
    gaps += 1;
    gapSeconds += shared;
  }
  return { gaps, gapSeconds };
}

/** Joules from the first sample to each one. */
function cumulative(samples: readonly PowerSample[]): readonly number[] {
  let total = 0;
  return samples.map(({ seconds, watts }, index) => {
    const before = samples[index - 1];
    if (before !== undefined) total += ((seconds - before.seconds) * (watts + before.watts)) / 2;
    return total;
  });
}

interface Integrated {
  readonly samples: readonly PowerSample[];
  readonly moments: readonly number[];
  /** From the first sample to each one. */
  readonly joules: readonly number[];
}

/** Joules from the first sample to a moment; outside the samples the nearest one holds. */
function joulesUntil({ samples, moments, joules }: Integrated, moment: number): number {
  const index = lastUntil(moments, moment);
  const from = samples[Math.max(0, index)]!;
  const to = index < 0 ? undefined : samples[index + 1];
  const passed = moment - from.seconds;
  const slope = to === undefined ? 0 : (to.watts - from.watts) / (to.seconds - from.seconds);
  return joules[Math.max(0, index)]! + passed * (from.watts + (slope * passed) / 2);
}

/** The number of the last of some moments in order that is not later than another one; -1 when there is none. */
export function lastUntil(moments: readonly number[], moment: number): number {
  let [low, high] = [-1, moments.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (moments[middle]! <= moment) low = middle;
    else high = middle - 1;
  }
  return low;
}

import type { EnergyMethod } from './energy-readings.ts';
import type { Interval } from './intervals.ts';
import { isPower, lastUntil, mostGapShare, type PowerSeries, type SampledEnergy } from './power.ts';

/** One look at a device from outside, in seconds since 1970: what its energy counter says, or what it draws. */
export type DeviceSample =
  | { readonly seconds: number; readonly joules: number }
  | { readonly seconds: number; readonly watts: number };

export interface EnergyTrackOptions {
  readonly method: EnergyMethod;
  /** Without a sample for longer than this, something is missing. */
  readonly longestSeconds: number;
  /** How many samples are kept, at least 4. Default: 2048: all of 6 hours with one every 10 seconds. */
  readonly mostSamples?: number;
}

/** More than any device draws: a counter that gained more was not gaining, but was set. */
const mostWatts = 10_000;
/** Of more, the two oldest become one, with what lies between them: less is known then, and nothing is made up. */
const mostStretches = 256;

/** A stretch of time in which something is missing, or what several have become. */
interface Stretch extends Interval {
  /** How many it was made of. */
  readonly count: number;
}
/** Thinned out, a track is to have room for as many samples again as a third of what stays. */
const mostShareAfterThinning = 0.75;

/**
 * The energy of one device as it is seen from outside, sample by sample, in bounded memory. Between two samples it is taken
 * to draw the same all the time, so that energies of neighbouring intervals add up.
 *
 * A counter goes on while nobody looks: what is missing matters only where an interval begins or ends there. Power that
 * nobody saw is bridged by a straight line, and matters everywhere.
 */
export class EnergyTrack implements PowerSeries {
  readonly method: EnergyMethod;
  readonly #longest: number;
  readonly #most: number;
  /** Parallel lists, which take 16 bytes a sample: moments, and joules since the first of them. */
  #seconds: number[] = [];
  #joules: number[] = [];
  /** Since samples were thinned out for the last time: of those of before, no three lie within this many seconds. */
  #spacing = 0;
  #last: DeviceSample | undefined;
  /** Without a sample. */
  #gaps: readonly Stretch[] = [];
  /** In which the counter was set anew. */
  #resets: readonly Stretch[] = [];

  constructor({ method, longestSeconds, mostSamples = 2048 }: EnergyTrackOptions) {
    this.method = method;
    this.#longest = longestSeconds;
    this.#most = mostSamples;
  }

  /** How many samples are kept. */
  get size(): number {
    return this.#seconds.length;
  }

  /**
   * Takes up a sample that is later than all before it. What is no power is left out, and so is a counter that has not moved:
   * every device draws something, so that its figure is an old one.
   */
  add(sample: DeviceSample): void {
    const last = this.#last;
    if ('watts' in sample ? !isPower(sample) : !(sample.joules >= 0)) return;
    if (last === undefined) return this.#keep(sample, 0);
    const seconds = sample.seconds - last.seconds;
    if (!(seconds > 0)) return;
    if ('joules' in sample && 'joules' in last && sample.joules === last.joules) return;
    const between = { start: last.seconds, end: sample.seconds };
    if (seconds > this.#longest) this.#gaps = withOne(this.#gaps, between);
    const gained = gainedBetween(last, sample);
    if (gained === undefined) this.#resets = withOne(this.#resets, between);
    this.#keep(sample, (this.#joules.at(-1) ?? 0) + (gained ?? 0));
  }

  energyOf({ start, end }: Interval): SampledEnergy {
    const [first, last] = [this.#seconds.at(0), this.#seconds.at(-1)];
    if (first === undefined || last === undefined || first === last) {
      return unknown('There are not enough samples.');
    }
    if (start < first - this.#longest) return unknown('The samples begin too late.');
    if (end > last + this.#longest) return unknown('The samples end too early.');
    if (this.#resets.some((reset) => shared(reset, { start, end }) > 0)) {
      return unknown('The energy counter was set anew.');
    }
    const isCounter = this.#last !== undefined && 'joules' in this.#last;
    const isWithin = ({ start: from, end: to }: Interval): boolean => from >= start && to <= end;
    const gaps = this.#gaps.filter((gap) => shared(gap, { start, end }) > 0 && !(isCounter && isWithin(gap)));
    const count = gaps.reduce((total, gap) => total + gap.count, 0);
    const missing = gaps.reduce((total, gap) => total + shared(gap, { start, end }), 0);
    if (missing > mostGapShare * (end - start)) {
      const text = `There are no samples for ${missing.toFixed(0)} of ${(end - start).toFixed(0)} s.`;
      return { ...unknown(text), gaps: count };
    }
    const blurred = this.#blurredSeconds({ start, end }, gaps);
    if (missing + blurred > mostGapShare * (end - start)) {
      const text = `It is too long ago: of the samples around its begin and end, ${blurred.toFixed(0)} of ${(end - start).toFixed(0)} s were thinned out.`;
      return { ...unknown(text), gaps: count };
    }
    return { joules: this.#joulesUntil(end) - this.#joulesUntil(start), gaps: count };
  }

  #keep(sample: DeviceSample, joules: number): void {
    this.#last = sample;
    this.#seconds.push(sample.seconds);
    this.#joules.push(joules);
    if (this.#seconds.length > this.#most) this.#thinOut();
  }

  /**
   * Of three samples within the spacing the one in the middle goes. To halve the older ones again and again would leave
   * nothing of the oldest after a few times, so the spacing is the same for all, and doubles when that is not enough.
   */
  #thinOut(): void {
    const all = this.#seconds;
    this.#spacing ||= (all.at(-1)! - all[0]!) / (all.length - 1);
    let kept = keptOf(all, this.#spacing);
    while (kept.length > mostShareAfterThinning * this.#most) {
      this.#spacing *= 2;
      kept = keptOf(all, this.#spacing);
    }
    this.#seconds = kept.map((index) => all[index]!);
    this.#joules = kept.map((index) => this.#joules[index]!);
  }

  /** How much of an interval lies at its begin and end in a stretch that thinning out has made longer than one may be. */
  #blurredSeconds({ start, end }: Interval, gaps: readonly Interval[]): number {
    const indices = new Set([start, end].map((moment) => lastUntil(this.#seconds, moment)));
    return [...indices].reduce((total, index) => {
      const [from, to] = [this.#seconds[index], this.#seconds[index + 1]];
      if (from === undefined || to === undefined || to - from <= this.#longest) return total;
      if (start <= from && end >= to) return total;
      const part = { start: Math.max(start, from), end: Math.min(end, to) };
      // What is missing there anyway does not count twice.
      const missing = gaps.reduce((sum, gap) => sum + Math.max(0, shared(gap, part)), 0);
      return total + Math.max(0, part.end - part.start - missing);
    }, 0);
  }

  /** Outside of the samples it goes on as between the nearest two. */
  #joulesUntil(moment: number): number {
    const [seconds, joules] = [this.#seconds, this.#joules];
    const index = Math.min(Math.max(0, lastUntil(seconds, moment)), seconds.length - 2);
    const [from, to] = [seconds[index]!, seconds[index + 1]!];
    const watts = (joules[index + 1]! - joules[index]!) / (to - from);
    return joules[index]! + watts * (moment - from);
  }
}

/** The numbers of the moments that stay when of any three within the spacing the one in the middle goes. */
function keptOf(moments: readonly number[], spacing: number): number[] {
  let kept = -Infinity;
  return moments.flatMap((moment, index) => {
    const next = moments[index + 1];
    if (next !== undefined && next - kept <= spacing) return [];
    kept = moment;
    return [index];
  });
}

/** Undefined when the counter was set anew in between. */
function gainedBetween(last: DeviceSample, sample: DeviceSample): number | undefined {
  const seconds = sample.seconds - last.seconds;
  if ('watts' in last && 'watts' in sample) return ((last.watts + sample.watts) / 2) * seconds;
  if (!('joules' in last && 'joules' in sample)) return undefined;
  const gained = sample.joules - last.joules;
  return gained >= 0 && gained <= mostWatts * seconds ? gained : undefined;
}

/** Adds the next stretch; the list stays short, though what it says may then be more than there was. */
function withOne(stretches: readonly Stretch[], next: Interval): readonly Stretch[] {
  const one = { ...next, count: 1 };
  if (stretches.length < mostStretches) return [...stretches, one];
  const [first, second, ...rest] = stretches;
  if (first === undefined || second === undefined) return [one];
  return [{ start: first.start, end: second.end, count: first.count + second.count }, ...rest, one];
}

function shared(one: Interval, other: Interval): number {
  return Math.min(one.end, other.end) - Math.max(one.start, other.start);
}

function unknown(reason: string): SampledEnergy {
  return { joules: null, reason, gaps: 0 };
}

/** One look at a device; what could not be read is absent. */
export interface EnergySample {
  /** On a clock that never jumps. */
  readonly seconds: number;
  /** What the energy counter says. */
  readonly joules?: number;
  readonly watts?: number;
}

export type EnergyMethod = 'Counter' | 'SampledPower';

export interface EnergyIntegralOptions {
  /** `SampledPower` for a device without a counter. */
  readonly method: EnergyMethod;
  /** The time between two samples, when none is missing. */
  readonly periodSeconds: number;
  /** Where the counter begins again from 0, as RAPL's does; absent where going back is a reset. */
  readonly wrapJoules?: number;
}

export interface EnergyTotal {
  /** The known part. */
  readonly joules: number;
  /** The time that the known part is for. */
  readonly seconds: number;
  /** The time, up to the last good sample, whose energy nobody knows: the counter was reset, and power was not sampled. */
  readonly unknownSeconds: number;
  /** The time whose energy was taken from power, since the counter was reset meanwhile. */
  readonly estimatedSeconds: number;
  readonly resets: number;
  /** Times at which more than three samples in a row were missing. */
  readonly gaps: number;
  readonly gapSeconds: number;
  /** How many percent more the sampled power says than the counter, where both are known and no gap is between. */
  readonly deviationPercent: number | undefined;
  /** The time of the last sample that counted, or of the first one. */
  readonly until: number;
}

/**
 * More than any GPU or processor draws. A counter that would have gained more than this was not gaining, but was set: a
 * second more than has passed is allowed, since counters are updated late.
 */
const mostWatts = 3000;
const mostLateSeconds = 1;

/** Sensors need some updates before the two ways to measure can be compared. */
const fewestPeriods = 10;

export const gapPeriods = 3;

/**
 * The energy of a device, from samples as they come. The counter is what counts; where it has been reset (the driver was
 * loaded again), or there is none, power is integrated by the trapezoidal rule. Otherwise that is only compared with it.
 *
 * Of two samples that both have counter and power, the part between counts by itself: totals over adjoining spans add up.
 */
export class EnergyIntegral {
  readonly #options: EnergyIntegralOptions;
  readonly #start: number;
  #joules = 0;
  #seconds = 0;
  #unknownSeconds = 0;
  #estimatedSeconds = 0;
  #resets = 0;
  #gaps = 0;
  #gapSeconds = 0;
  readonly #compared = { counter: 0, power: 0, seconds: 0 };
  /** The last sample with what the method needs. */
  #last: EnergySample | undefined;
  /** The last sample with power, and the integral of power since `#last`, while nothing was missing. */
  #lastPower: EnergySample | undefined;
  #powerSinceLast: number | undefined;

  /** @param start when the span begins: what passes until the first good sample is unknown */
  constructor(options: EnergyIntegralOptions, start: number) {
    this.#options = options;
    this.#start = start;
  }

  /** @param sample a later one than all before it */
  add(sample: EnergySample): void {
    this.#integratePower(sample);
    if (this.#options.method === 'SampledPower') this.#addPower(sample);
    else this.#addCounter(sample);
  }

  total(): EnergyTotal {
    const { counter, power, seconds } = this.#compared;
    const comparable = counter > 0 && seconds >= fewestPeriods * this.#options.periodSeconds * 0.99;
    return {
      joules: this.#joules,
      seconds: this.#seconds,
      unknownSeconds: this.#unknownSeconds,
      estimatedSeconds: this.#estimatedSeconds,
      resets: this.#resets,
      gaps: this.#gaps,
      gapSeconds: this.#gapSeconds,
      deviationPercent: comparable ? (100 * (power - counter)) / counter : undefined,
      until: this.#last?.seconds ?? this.#start,
    };
  }

  #isGap(seconds: number): boolean {
    return seconds > gapPeriods * this.#options.periodSeconds;
  }

  #integratePower(sample: EnergySample): void {
    if (sample.watts === undefined) return;
    const before = this.#lastPower;
    this.#lastPower = sample;
    if (before?.watts === undefined || this.#powerSinceLast === undefined) return;
    const seconds = sample.seconds - before.seconds;
    this.#powerSinceLast = this.#isGap(seconds)
      ? undefined
      : this.#powerSinceLast + ((before.watts + sample.watts) / 2) * seconds;
  }

  /** Begins the next interval at a sample, after the one that ends there was counted. */
  #advance(sample: EnergySample): void {
    const since = this.#last?.seconds ?? this.#start;
    if (this.#isGap(sample.seconds - since)) {
      this.#gaps += 1;
      this.#gapSeconds += sample.seconds - since;
    }
    this.#last = sample;
    this.#powerSinceLast = sample.watts === undefined ? undefined : 0;
  }

  #addPower(sample: EnergySample): void {
    if (sample.watts === undefined) return;
    const last = this.#last;
    if (last?.watts === undefined) this.#unknownSeconds += sample.seconds - this.#start;
    else {
      const seconds = sample.seconds - last.seconds;
      this.#joules += ((last.watts + sample.watts) / 2) * seconds;
      this.#seconds += seconds;
    }
    this.#advance(sample);
  }

  #addCounter(sample: EnergySample): void {
    if (sample.joules === undefined) return;
    const last = this.#last;
    if (last?.joules === undefined) this.#unknownSeconds += sample.seconds - this.#start;
    else {
      const seconds = sample.seconds - last.seconds;
      const power = sample.watts === undefined ? undefined : this.#powerSinceLast;
      this.#addInterval(seconds, this.#gained(last.joules, sample.joules, seconds), power);
    }
    this.#advance(sample);
  }

  #addInterval(seconds: number, counter: number | undefined, power: number | undefined): void {
    if (counter === undefined) this.#resets += 1;
    const joules = counter ?? power;
    if (joules === undefined) {
      this.#unknownSeconds += seconds;
      return;
    }
    this.#joules += joules;
    this.#seconds += seconds;
    if (counter === undefined) this.#estimatedSeconds += seconds;
    else if (power !== undefined) {
      this.#compared.counter += counter;
      this.#compared.power += power;
      this.#compared.seconds += seconds;
    }
  }

  /** What the counter has gained; undefined when it was set anew meanwhile, or may have wrapped more than once. */
  #gained(before: number, after: number, seconds: number): number | undefined {
    const { wrapJoules = Infinity } = this.#options;
    const most = mostWatts * (seconds + mostLateSeconds);
    const gained = after >= before ? after - before : after - before + wrapJoules;
    return gained <= most && gained + wrapJoules > most ? gained : undefined;
  }
}

import type { EnergyReading } from '../contract/energy-reading.ts';
import {
  EnergyIntegral,
  gapPeriods,
  type EnergyMethod,
  type EnergySample,
  type EnergyTotal,
} from './energy-integral.ts';
import type { Sharing } from './sharing.ts';

/** A device that can be looked at. Nothing here throws: what can't be read is absent, with the reason. */
export interface EnergySource {
  readonly device: string;
  readonly kind: EnergyReading['kind'];
  readonly model?: string;
  readonly method: EnergyMethod;
  readonly wrapJoules?: number;
  /** @param seconds a clock that never jumps */
  read(seconds: () => number): SourceSample;
  /** Absent for devices that this doesn't apply to. */
  sharing?(): Sharing;
}

export interface SourceSample extends EnergySample {
  /** Why the energy could not be read. */
  readonly failure?: string;
}

export interface DeviceMeterOptions {
  readonly seconds: () => number;
  readonly periodSeconds: number;
}

/** Whoever shares a card computes on it for longer. */
const sharingSeconds = 1;
/** With more of the time between samples missing, sampled power says too little. */
const mostGapShare = 0.1;
/** Beyond it, one of the two ways to measure is wrong. */
const mostDeviationPercent = 10;

/** Measures one device from `begin` on. */
export class DeviceMeter {
  readonly #source: EnergySource;
  readonly #options: DeviceMeterOptions;
  #integral: EnergyIntegral;
  #latest: SourceSample;
  #sharing: Sharing | undefined;
  /** The total when nobody else was last seen on the device. */
  #clean: EnergyTotal;
  #lookedSeconds = -Infinity;
  #idleWatts: number | undefined;

  constructor(source: EnergySource, options: DeviceMeterOptions) {
    this.#source = source;
    this.#options = options;
    this.#latest = source.read(options.seconds);
    this.#integral = this.#integralFrom(this.#latest);
    this.#clean = this.#integral.total();
    this.#look();
  }

  sample(): void {
    this.#latest = this.#source.read(this.#options.seconds);
    this.#integral.add(this.#latest);
    if (this.#latest.seconds - this.#lookedSeconds >= sharingSeconds) this.#look();
  }

  /** Measures from now on. What was measured before is the idle baseline, if it is to be one and is known. */
  begin({ idleBaseline }: { idleBaseline: boolean }): void {
    this.sample();
    this.#look();
    this.#idleWatts = idleBaseline ? (this.reading().meanWatts ?? undefined) : undefined;
    this.#integral = this.#integralFrom(this.#latest);
    this.#clean = this.#integral.total();
    // Whoever was there before and has gone does not matter.
    this.#sharing = undefined;
    this.#look();
  }

  /** From `begin` up to the last sample. */
  reading(): EnergyReading {
    const { device, kind, model, method } = this.#source;
    const total = this.#sharing?.kind === 'Shared' ? this.#clean : this.#integral.total();
    const unknown = this.#whyUnknown(total);
    const joules = unknown === undefined ? total.joules : null;
    const reason = unknown ?? caveats(total, method);
    const sharing = this.#sharing?.kind;
    return {
      device,
      kind,
      ...(model === undefined ? {} : { model }),
      joules,
      knownJoules: total.joules,
      method,
      ...(total.deviationPercent === undefined ? {} : { deviationPercent: total.deviationPercent }),
      gaps: total.gaps,
      gapSeconds: total.gapSeconds,
      estimatedSeconds: total.estimatedSeconds,
      seconds: total.seconds,
      meanWatts: joules === null || total.seconds === 0 ? null : joules / total.seconds,
      ...(this.#idleWatts === undefined ? {} : { idleWatts: this.#idleWatts }),
      ...(sharing === undefined ? {} : { sharing }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #integralFrom(sample: SourceSample): EnergyIntegral {
    const { method, wrapJoules } = this.#source;
    const { periodSeconds } = this.#options;
    const integral = new EnergyIntegral(
      { method, periodSeconds, ...(wrapJoules === undefined ? {} : { wrapJoules }) },
      sample.seconds,
    );
    integral.add(sample);
    return integral;
  }

  /** A device that was shared once stays so: nobody can take the others' part out again. */
  #look(): void {
    this.#lookedSeconds = this.#latest.seconds;
    if (this.#sharing?.kind === 'Shared') return;
    const sharing = this.#source.sharing?.();
    // What was unknown once stays so: somebody may have been there then.
    if (sharing?.kind !== 'None' || this.#sharing?.kind !== 'Unknown') this.#sharing = sharing;
    if (sharing?.kind !== 'Shared') this.#clean = this.#integral.total();
  }

  #whyUnknown(total: EnergyTotal): string | undefined {
    if (this.#sharing?.kind === 'Shared') return this.#sharing.reason;
    const missing = this.#latest.seconds - total.until;
    if (missing > gapPeriods * this.#options.periodSeconds) {
      return `${this.#latest.failure ?? 'not read'}; nothing is known of the last ${secondsText(missing)}`;
    }
    if (total.unknownSeconds > 0) {
      return `the energy of ${secondsText(total.unknownSeconds)} is unknown: the counter was set anew, or could not be read`;
    }
    if (total.seconds === 0 && this.#latest.failure !== undefined) return this.#latest.failure;
    const share = total.gapSeconds / total.seconds;
    return this.#source.method === 'SampledPower' && share > mostGapShare
      ? `power was not sampled for ${Math.round(100 * share)}% of the time`
      : undefined;
  }
}

function caveats(total: EnergyTotal, method: EnergyMethod): string | undefined {
  const { resets, estimatedSeconds, deviationPercent = 0, gaps, gapSeconds } = total;
  const all = [
    ...(resets > 0
      ? [`the counter was reset: ${secondsText(estimatedSeconds)} are estimated from sampled power`]
      : []),
    ...(Math.abs(deviationPercent) > mostDeviationPercent
      ? [`counter and sampled power differ by ${Math.round(Math.abs(deviationPercent))}%`]
      : []),
    ...(method === 'SampledPower' && gaps > 0
      ? [`power was not sampled for ${secondsText(gapSeconds)} and is taken from before and after`]
      : []),
  ];
  return all.length === 0 ? undefined : all.join('; ');
}

function secondsText(seconds: number): string {
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

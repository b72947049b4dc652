import type { Interval } from './intervals.ts';
import type { PowerSeries } from './power.ts';

export const energyKinds = ['GPU', 'CPU', 'DRAM'] as const;
export type EnergyKind = (typeof energyKinds)[number];

/** `Counter`: the difference of the device's own energy counter. `SampledPower`: polled power, integrated. */
export type EnergyMethod = 'Counter' | 'SampledPower';

/** What an attempt's own meter says of one device that the attempt ran on. */
export interface EnergyReading {
  /**
   * The identity of the device, the same wherever it is read: the UUID of a GPU; node and number of a CPU package, whose
   * energy is that of everything on it and not only of this unit.
   */
  readonly device: string;
  readonly kind: EnergyKind;
  readonly model?: string;
  /** Of the attempt's interval; null with a reason: not readable, or not attributable to the attempt. */
  readonly joules: number | null;
  /** Of `joules`. */
  readonly method?: EnergyMethod;
  /** Why `joules` are null, or what to bear in mind about them. */
  readonly reason?: string;
  /**
   * Others may have run on the GPU at the same time, because it is partitioned, time-sliced or under MPS: then `joules` is
   * null, and no source that reads the whole card stands in for it.
   */
  readonly shared?: boolean;
  /** Stretches without a reading. */
  readonly gaps: number;
}

export interface MeteredAttempt extends Interval {
  /** When it ran in between, where that is not all the time; absent: all of it. */
  readonly stretches?: readonly Interval[];
  /** It committed the unit's result. */
  readonly committed: boolean;
  /** One for every device that it ran on. Empty: nothing is known, not even on what it ran. */
  readonly readings: readonly EnergyReading[];
}

export interface MeteredUnit {
  readonly name: string;
  readonly attempts: readonly MeteredAttempt[];
}

/** A GPU that was held for the job, whether or not a unit ran on it. */
export interface Reservation extends Interval {
  readonly device: string;
}

/** A source that sees devices also while no unit runs on them: all cards of this machine, or an exporter on the nodes. */
export interface NodeWideSource {
  /** When devices were there for the job that don't say so themselves: from the first unit to the last, without suspensions. */
  readonly windows: readonly Interval[];
  /** All devices of the nodes, used or not. */
  readonly devices: readonly NodeDevice[];
}

export interface NodeDevice {
  readonly device: string;
  readonly kind: EnergyKind;
  readonly model?: string;
  /** The node of a cluster that it is in; absent: it is in this machine. */
  readonly node?: string;
  /** What attempts call it that run on it, where they know it by something else than its identity. */
  readonly name?: string;
  readonly power: PowerSeries;
  /** When it was there for the job, where that is not as long as all others were. */
  readonly windows?: readonly Interval[];
}

export interface EnergyInput {
  /** Every unit that the figures are to be about, with all of its attempts that have ended. */
  readonly units: readonly MeteredUnit[];
  readonly reservations?: readonly Reservation[];
  readonly nodeWide?: NodeWideSource;
}

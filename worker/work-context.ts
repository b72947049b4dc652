import type { Clock } from './clock.ts';
import type { Progress } from './contract/progress.ts';
import type { UnitSpec } from './contract/unit-spec.ts';
import type { EnergyMeter } from './energy/energy-meter.ts';
import type { Attempt } from './exchange/attempt.ts';
import type { Logger } from '../common/logger.ts';
import type { Exchange } from './exchange/exchange.ts';

/** What every stage of the worker is given. */
export interface WorkContext extends UnmeteredContext {
  /** Measures the unit's devices from its beginning on; it never throws. */
  readonly energy: Pick<EnergyMeter, 'mark' | 'latest' | 'gpuPeakMemoryBytes'>;
}

export interface UnmeteredContext {
  readonly spec: UnitSpec;
  readonly exchange: Exchange;
  readonly attempt: Attempt;
  /** A folder for files that nobody but this process reads. It may not be there yet. */
  readonly scratch: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The text of `/proc/cpuinfo`; empty where there is none. */
  readonly cpuInfo: string;
  /** Aborted when the worker is told to stop. */
  readonly signal: AbortSignal;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  report(progress: Omit<Progress, 'version' | 'stage' | 'unit' | 'attempt'>): void;
}

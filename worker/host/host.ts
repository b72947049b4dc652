import type { Progress } from '../contract/progress.ts';
import type { UnitResult } from '../contract/unit-result.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import type { EnergyMeter } from '../energy/energy-meter.ts';
import type { Attempt } from '../exchange/attempt.ts';
import type { Logger } from '../../common/logger.ts';

/** Where a worker runs: who tells it what to do, and who hears how far it is and how it ended. */
export interface Host extends AsyncDisposable {
  /** @throws InvalidInputError `unit/bad-spec` */
  readSpec(): Promise<UnitSpec>;
  /** Called once, before any progress. */
  begin(logger: Logger): Promise<void>;
  report(progress: Progress): void;
  /** Called when a meter has begun, for whoever wants to show what it measures. */
  watch(meter: Pick<EnergyMeter, 'snapshots'>): void;
  /** Called when a result is committed. A worker whose host did not take it in must not end as if all were well. */
  committed(result: UnitResult, attempt: Attempt): Promise<void>;
  /** Called with what there is to say when there is no result. */
  failed(words: string): Promise<void>;
}

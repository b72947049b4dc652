import type { Logger } from '../../common/logger.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { OperatorMetrics } from './metrics/operator-metrics.ts';
import type { OperatorOptions } from './options.ts';

/** What the program hands to the controller when it leads. */
export interface ControllerRun {
  /** Sends no write after the Lease has run out, however late the process hears of that. */
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: OperatorOptions;
  readonly metrics: OperatorMetrics;
  /** Aborted when the work has to stop; the same that `run` gets. */
  readonly signal: AbortSignal;
}

/** The work of the operator, done by one process at a time. */
export interface Controller {
  /**
   * Works until the signal is aborted, and resolves when nothing of it is under way any more: what runs may finish, and
   * nothing new is begun.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Why it can't do its work now, as a sentence for whoever asks /readyz; undefined when it can. */
  notReady(): string | undefined;
}

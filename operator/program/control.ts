import type { Logger } from '../../common/logger.ts';
import type { Clock } from '../kube/clock.ts';
import type { Controller } from './controller.ts';

export interface ControlOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the process where it stands. */
  endNow(): void;
}

/** How long work may take to end; Kubernetes kills a pod 30 s after it told it to stop. */
const stopSeconds = 20;

/**
 * Runs the controller until it has stopped after the signal. One that takes too long for that ends the process: what still
 * runs must not go on beside the next leader, so the Lease is left to run out.
 *
 * @throws what the controller throws; an error when it ends though nobody told it to
 */
export async function control(
  controller: Controller,
  signal: AbortSignal,
  { clock, logger, endNow }: ControlOptions,
): Promise<void> {
  let cancel = (): void => undefined;
  const watch = (): void => {
    cancel = clock.after(stopSeconds, () => {
      logger.error('Work has not stopped in time, so the process ends', { seconds: stopSeconds });
      endNow();
    });
  };
  if (signal.aborted) watch();
  else signal.addEventListener('abort', watch, { once: true });
  try {
    await controller.run(signal);
  } finally {
    signal.removeEventListener('abort', watch);
    cancel();
  }
  if (!signal.aborted) throw new Error('The controller has ended though nobody told it to.');
}

import { constants } from 'node:os';
import type { Logger } from '../../common/logger.ts';

/** SIGTERM and SIGINT as an abort signal; a second one of them ends the process at once. */
export function watchStopSignals(logger: Logger): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const names = ['SIGTERM', 'SIGINT'] as const;
  const stop = (name: (typeof names)[number]): void => {
    if (controller.signal.aborted) {
      logger.warn('Told to stop a second time: ends without waiting for work to end', { signal: name });
      process.exit(128 + constants.signals[name]);
    }
    logger.info('Told to stop: lets running work end', { signal: name });
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}

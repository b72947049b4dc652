import { setImmediate } from 'node:timers/promises';

/** Thrown between two steps when the worker was told to stop; what was done is in the checkpoint. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const yieldSeconds = 0.1;

/**
 * Lets signals, timers and output through from time to time. Native calls block the event loop, so without this a
 * SIGTERM would wait until the end of the unit.
 */
export function createYielder(seconds: () => number, signal: AbortSignal): () => Promise<void> {
  let last = seconds();
  return async () => {
    if (seconds() - last >= yieldSeconds) {
      await setImmediate();
      last = seconds();
    }
    if (signal.aborted) throw new InterruptedError('told to stop');
  };
}

import { setImmediate } from 'node:timers/promises';

/** Thrown between two steps when the worker was told to stop; what was done is in the checkpoint. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

const yieldSeconds = 0.1;

/** Lets the event loop turn, and ends the work when it was told to stop. */
export interface Pause {
  /** Without a checkpoint to save: throws {@link InterruptedError} when told to stop. */
  (): Promise<void>;
  /** Says whether it was told to stop, so that the caller can save first and then throw. */
  interrupted(): Promise<boolean>;
}

/**
 * Lets signals, timers and output through from time to time. Native calls block the event loop, so without this a
 * SIGTERM would wait until the end of the unit; and so the loop must turn *before* anyone asks whether one came.
 */
export function createPause(seconds: () => number, signal: AbortSignal): Pause {
  let last = seconds();
  const interrupted = async (): Promise<boolean> => {
    if (seconds() - last >= yieldSeconds) {
      await setImmediate();
      last = seconds();
    }
    return signal.aborted;
  };
  const pause = async (): Promise<void> => {
    if (await interrupted()) throw new InterruptedError('told to stop');
  };
  return Object.assign(pause, { interrupted });
}

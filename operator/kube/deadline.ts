import type { Clock } from './clock.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly seconds: number;
  /** Aborts the deadline's signal too, with its own reason. */
  readonly parent?: AbortSignal | undefined;
  /** Why the signal is aborted when time is up. */
  reason(): Error;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Starts the time again: as long as at first, or this many seconds. */
  restart(seconds?: number): void;
}

/**
 * A signal that is aborted after some seconds, or with its parent. Disposed of, it leaves neither a timer nor a listener
 * behind, which `AbortSignal.any` on a signal as old as the process would.
 */
export function startDeadline({ clock, seconds, parent, reason }: DeadlineOptions): Deadline {
  const controller = new AbortController();
  const expire = (): void => controller.abort(reason());
  const follow = (): void => {
    cancel();
    controller.abort(parent?.reason);
  };
  let cancel = clock.after(seconds, expire);
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    restart: (again = seconds) => {
      if (controller.signal.aborted) return;
      cancel();
      cancel = clock.after(again, expire);
    },
    [Symbol.dispose]: () => {
      cancel();
      parent?.removeEventListener('abort', follow);
    },
  };
}

/** What `promise` resolves to, unless the signal is aborted first; the promise itself runs on and is not heard. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Time as everything that talks to the cluster sees it; tests pass their own. */
export interface Clock {
  /** Wall-clock time: for what others read, never for judging how long something took. */
  now(): Date;
  /** Seconds on a clock that never jumps. */
  seconds(): number;
  /** Calls `action` once after `seconds`, and answers how to call that off. */
  after(seconds: number, action: () => void): () => void;
}

/** The longest that one timer of Node can wait. */
const longestTimerMilliseconds = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  seconds: () => performance.now() / 1000,
  after: (seconds, action) => {
    const due = performance.now() + seconds * 1000;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - performance.now();
      timer =
        left > longestTimerMilliseconds
          ? setTimeout(arm, longestTimerMilliseconds)
          : setTimeout(action, Math.max(0, Math.ceil(left)));
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `seconds`; rejects with the signal's reason as soon as that is aborted. */
export async function sleep(clock: Clock, seconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(seconds, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

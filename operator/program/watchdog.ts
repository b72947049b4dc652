import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LogFormat } from '../../common/logger.ts';

/** Ends this process when it must no longer lead and cannot know that, since its event loop is blocked. */
export interface Watchdog extends AsyncDisposable {
  /** Kills the process unless it is armed again or disarmed within so many seconds and the grace. */
  arm(seconds: number): void;
  disarm(): void;
  /** Why it watches no more; undefined while it does. */
  failure(): string | undefined;
}

export interface WatchdogOptions {
  /** How much later than the process itself it notices: so that a process which can still speak ends by itself. */
  readonly graceSeconds: number;
  /** Of its last words. */
  readonly logFormat: LogFormat;
}

/** What the thread of the watchdog is given. */
export interface WatchdogTask {
  /** One BigInt64: when to kill, in nanoseconds of `process.hrtime`, which all threads share; 0 for never. */
  readonly memory: SharedArrayBuffer;
  readonly logFormat: LogFormat;
}

/** Starts the thread that watches. It is disarmed at first. */
export async function startWatchdog({ graceSeconds, logFormat }: WatchdogOptions): Promise<Watchdog> {
  const task = { memory: new SharedArrayBuffer(8), logFormat } satisfies WatchdogTask;
  const due = new BigInt64Array(task.memory);
  // Beside this file, with its ending: bundled, both are JavaScript.
  const program = new URL(`watchdog-thread${extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(program, { workerData: task });
  let failure: string | undefined;
  let disposed = false;
  thread.on('error', (error: unknown) => (failure = `The watchdog has failed: ${String(error)}`));
  thread.on('exit', () => {
    if (!disposed) failure ??= 'The watchdog has ended.';
  });
  await once(thread, 'online');
  thread.unref();
  const set = (time: bigint): void => {
    Atomics.store(due, 0, time);
    Atomics.notify(due, 0);
  };
  return {
    arm: (seconds) => {
      const wait = Math.max(0, seconds + graceSeconds);
      set(process.hrtime.bigint() + BigInt(Math.round(wait * 1e9)));
    },
    disarm: () => set(0n),
    failure: () => failure,
    [Symbol.asyncDispose]: async () => {
      disposed = true;
      set(0n);
      await thread.terminate();
    },
  };
}

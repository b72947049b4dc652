import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WatchdogTask } from './watchdog.ts';

/**
 * The thread of the watchdog. It sleeps until the time written in shared memory has come, and kills the process if nobody
 * has written a later one meanwhile. It needs nothing of the main thread.
 */
function watch({ memory, logFormat }: WatchdogTask): never {
  const due = new BigInt64Array(memory);
  for (;;) {
    const time = Atomics.load(due, 0);
    const milliseconds = time === 0n ? Infinity : Number(time - process.hrtime.bigint()) / 1e6;
    if (milliseconds > 0) Atomics.wait(due, 0, time, milliseconds);
    else {
      say(logFormat);
      process.kill(process.pid, 'SIGKILL');
    }
  }
}

/**
 * Through a descriptor of its own that never blocks: a process may well be stuck because nobody reads what it writes. Where
 * that can't be had, as of a socket, nothing is said.
 */
function say(logFormat: WatchdogTask['logFormat']): void {
  const timestamp = new Date().toISOString();
  const message = 'The process is ended: it was blocked for so long that another one may lead now';
  const line =
    logFormat === 'json'
      ? JSON.stringify({ level: 'error', message, timestamp })
      : `${timestamp} ERROR ${message}`;
  try {
    const { O_WRONLY, O_NONBLOCK, O_APPEND } = constants;
    const descriptor = openSync('/dev/fd/2', O_WRONLY | O_NONBLOCK | O_APPEND);
    writeSync(descriptor, `${line}\n`);
    closeSync(descriptor);
  } catch {
    // To end in time is what matters.
  }
}

watch(workerData as WatchdogTask);

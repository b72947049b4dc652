import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { within } from './within.ts';

test('is the value, or undefined when the time is over', async () => {
  expect(await within(60_000, Promise.resolve('in time'))).toBe('in time');
  expect(await within(1, new Promise<string>(() => undefined))).toBeUndefined();
});

test('passes an error on', async () => {
  await expect(within(60_000, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});

test('hears an answer that came while this thread was blocked, though the time is over', async () => {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.on('message', () => {
      parentPort.postMessage('answer');
      Atomics.store(new Int32Array(workerData), 0, 1);
      Atomics.notify(new Int32Array(workerData), 0);
    });`;
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(program, { eval: true, workerData: answered.buffer });
  await once(thread, 'online');
  const answer = new Promise((resolve) => thread.once('message', resolve));
  const waiting = within(1, answer);
  thread.postMessage('question');
  // From here the event loop comes to timers before it comes to messages.
  await new Promise((resolve) => setImmediate(resolve));
  // This thread does nothing else until the answer is on its way, long after the deadline.
  Atomics.wait(answered, 0, 0);
  expect(await waiting).toBe('answer');
  await thread.terminate();
});

import { writeSync } from 'node:fs';
import type { Controller, ControllerRun } from '../../operator/program/controller.ts';
import { defaultTimings } from '../../operator/program/leadership.ts';
import { mainProgram } from '../../operator/program/main-program.ts';

/**
 * The program with a controller that misbehaves as FAKE_CONTROLLER says, for tests that need a process:
 * - `idle`: waits for its signal;
 * - `stubborn`: doesn't stop;
 * - `failing`: throws at once;
 * - `unready`: says so;
 * - `late writer`: when told to stop, writes once more with the client it was given.
 *
 * At SIGUSR2 its event loop is blocked for good; with `FAKE_BLOCK=stderr` by a write that nobody reads.
 */
function fakeController({ client, signal }: ControllerRun): Controller {
  const behaviour = process.env['FAKE_CONTROLLER'] ?? 'idle';
  process.on('SIGUSR2', block);
  return {
    run: async () => {
      if (behaviour === 'failing') throw new RangeError('off by one');
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (behaviour === 'stubborn') await new Promise(() => undefined);
      if (behaviour === 'late writer') {
        const configMaps = {
          group: '',
          version: 'v1',
          plural: 'configmaps',
          kind: 'ConfigMap',
          namespaced: true,
        };
        await client.create(configMaps, { metadata: { namespace: 'ops', name: 'late' } });
      }
    },
    notReady: () => (behaviour === 'unready' ? 'It never is.' : undefined),
  };
}

function block(): void {
  if (process.env['FAKE_BLOCK'] === 'stderr') writeSync(2, 'x'.repeat(4 * 1024 * 1024));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const timings = process.env['FAKE_TIMINGS'];

process.exit(
  await mainProgram({
    args: process.argv.slice(2),
    environment: process.env,
    timings: timings === undefined ? defaultTimings : (JSON.parse(timings) as typeof defaultTimings),
    createController: fakeController,
  }),
);

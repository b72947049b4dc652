import { writeSync } from 'node:fs';
import type { Resource } from '../../operator/kube/resource.ts';
import type { Controller, ControllerRun } from '../../operator/program/controller.ts';
import { defaultTimings } from '../../operator/program/leadership.ts';
import { mainProgram } from '../../operator/program/main-program.ts';

/**
 * The program with a controller that misbehaves as FAKE_CONTROLLER says, for tests that need a process:
 * - `idle`: waits for its signal;
 * - `stubborn`: doesn't stop;
 * - `failing`: throws at once;
 * - `unready`: says so.
 *
 * At SIGUSR2 it does what FAKE_BLOCK says:
 * - `forever`: blocks its event loop;
 * - `unread`: blocks it by writing what nobody reads;
 * - a number: blocks it for so many milliseconds, and then writes an object before anything else can happen.
 */
function fakeController({ client, signal }: ControllerRun): Controller {
  const behaviour = process.env['FAKE_CONTROLLER'] ?? 'idle';
  process.on('SIGUSR2', () => {
    block();
    client.create(configMaps, { metadata: { namespace: 'ops', name: 'late' } }).catch(() => undefined);
  });
  return {
    run: async () => {
      if (behaviour === 'failing') throw new RangeError('off by one');
      // So that there is a connection, over which a write would go out at once.
      await client.get(configMaps, { namespace: 'ops', name: 'early' }).catch(() => undefined);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (behaviour === 'stubborn') await new Promise(() => undefined);
    },
    notReady: () => (behaviour === 'unready' ? 'It never is.' : undefined),
  };
}

const configMaps: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};

function block(): void {
  const how = process.env['FAKE_BLOCK'] ?? 'forever';
  if (how === 'unread') writeSync(2, 'x'.repeat(4 * 1024 * 1024));
  const milliseconds = how === 'forever' || how === 'unread' ? Infinity : Number(how);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
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

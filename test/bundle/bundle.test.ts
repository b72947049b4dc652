import { once } from 'node:events';
import { cp, mkdir, mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { bundle, nativePackages } from '../../scripts/bundle.ts';
import { packageFiles } from '../../scripts/images/package-files.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import type { MeterTask } from '../../worker/energy/meter-thread.ts';
import { SharedText } from '../../worker/energy/shared-text.ts';
import type { ProgressThreadData } from '../../worker/host/progress-thread.ts';
import { buildNvmlStandIn } from '../nvml/nvml-stand-in.ts';

const root = dirname(dirname(import.meta.dirname));

test('the bundled worker starts without any package', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  await bundle(folder.path);
  const result = await runCommand(process.execPath, [join(folder.path, 'worker.mjs')]);
  expect(result.code, result.stderr).toBe(64);
  expect(result.stderr).toContain('unit/usage');
});

test('the same sources give the same bytes in any folder, and nothing of TensorFlow.js is in them', async () => {
  await using one = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  const other = join(one.path, 'deeper', 'folder');
  await bundle(one.path);
  await bundle(other);
  const names = (await readdir(other)).sort();
  expect(names).toEqual(expect.arrayContaining(['progress-thread.mjs', 'meter-thread.mjs']));
  for (const name of names) {
    const bytes = await readFile(join(other, name));
    expect(bytes.equals(await readFile(join(one.path, name))), name).toBe(true);
    expect(bytes.includes(root), name).toBe(false);
    expect(bytes.includes('node_modules/@tensorflow'), name).toBe(false);
  }
});

test('the bundled thread that answers for a worker has its metrics with it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  await bundle(folder.path);
  const workerData = { port: 0, address: '127.0.0.1' } satisfies ProgressThreadData;
  const thread = new Worker(join(folder.path, 'progress-thread.mjs'), { workerData });
  const [{ port }] = (await once(thread, 'message')) as [{ port: number }];
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(await answer.text()).toMatch(/^process_resident_memory_bytes \d+$/m);
  await thread.terminate();
});

test('the bundled meter measures with what an image has of its packages', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  await bundle(folder.path);
  const target = join(folder.path, 'node_modules');
  for (const { from, to } of await packageFiles(nativePackages, {
    modules: join(root, 'node_modules'),
    target,
  })) {
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to);
  }
  await using standIn = await buildNvmlStandIn();
  await standIn.play('device GPU-1 A100');
  const text = new SharedText();
  const workerData = {
    gpu: {
      visible: { kind: 'Index', index: 0, inBusOrder: false },
      library: standIn.library,
      mpsClient: false,
    },
    powercap: '/nowhere',
    idleBaselineSeconds: 0,
    memory: text.memory,
  } satisfies MeterTask;
  const thread = new Worker(join(folder.path, 'meter-thread.mjs'), { workerData });
  expect(await once(thread, 'message')).toEqual([{ kind: 'Started' }]);
  await thread.terminate();
  expect(JSON.parse(text.read() ?? '')).toMatchObject({
    readings: [
      { device: 'GPU-1', joules: 0 },
      { device: 'CPU', joules: null },
    ],
  });
});

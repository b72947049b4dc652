import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { runJob } from '../../operator/local/run-job.ts';
import type { BaselineResult, DistillResult } from '../../worker/contract/unit-result.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from '../worker/small-job.ts';
import { smallManifest } from './small-manifest.ts';

it('a serial run does what the units do, and keeps no weights; another job stands for it as well', async () => {
  await using small = await SmallJob.create({ teacher: await networkOf(vgg()) });
  const storage = join(small.folder, 'storage');
  const run = async (name: string, execution: object) => {
    const manifest = join(small.folder, `${name}.json`);
    await writeFile(manifest, JSON.stringify(smallManifest(name, execution)));
    const job = await loadLocalJob(manifest, storage);
    const { status } = await runJob({
      job,
      workerCommand: [process.execPath, join(import.meta.dirname, '../../worker/main.ts')],
      environment: process.env,
      workers: 2,
      interrupt: new AbortController().signal,
      now: () => new Date(),
      onUpdate: () => undefined,
    });
    return { status, folder: job.folder };
  };
  const measured = await run('measured', { baseline: { mode: 'Measure' } });
  expect(measured.status).toMatchObject({
    phase: 'Complete',
    baseline: { state: 'Known' },
    speedup: { basis: 'Measured', serialSeconds: measured.status.baseline?.seconds },
  });
  const { workers = 0, balance = 0, workInflation = 0, value = 0 } = measured.status.speedup ?? {};
  expect((workers * balance) / workInflation / value).toBeCloseTo(1, 2);
  const read = async (unit: string): Promise<unknown> =>
    JSON.parse(await readFile(join(measured.folder, unit, 'attempt-001/result.json'), 'utf8'));
  const baseline = (await read('baseline')) as BaselineResult;
  expect(baseline.stage).toBe('Baseline');
  expect(baseline.blocks.map(({ weights }) => weights)).toEqual(baseline.blocks.map(() => null));
  expect(baseline.blocks.length).toBeGreaterThan(1);
  const units = await Promise.all(
    baseline.blocks.map(
      async (_, index) => (await read(`unit-${String(index).padStart(3, '0')}`)) as DistillResult,
    ),
  );
  expect(baseline.blocks.map(outcome)).toEqual(units.flatMap(({ blocks }) => blocks.map(outcome)));

  const serialJob = await run('serial', { maxParallel: 1 });
  const taken = await run('taken', { baseline: { mode: 'Job', jobName: 'serial' } });
  const { parallelSeconds = 0, balance: busyShare = 0 } = serialJob.status.speedup ?? {};
  expect(taken.status).toMatchObject({
    baseline: { state: 'Known', jobName: 'serial' },
    speedup: { basis: 'Measured', serialSeconds: Number((parallelSeconds * busyShare).toPrecision(4)) },
  });
  expect(taken.status.student?.digest).toBe(measured.status.student?.digest);
});

function outcome({
  seconds: _seconds,
  latency: _latency,
  weights: _weights,
  ...block
}: DistillResult['blocks'][number]) {
  return block;
}

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { JobEvent } from '../../operator/decide/decision.ts';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { runJob } from '../../operator/local/run-job.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from '../worker/small-job.ts';
import { fakeJob, type FakeJob } from './fake-job.ts';
import { smallManifest } from './small-manifest.ts';

const auto = (maxParallel: number): string => `    packing: Auto\n    maxParallel: ${maxParallel}\n`;
const worker = [process.execPath, join(import.meta.dirname, '../../worker/main.ts')];

/** Units with their blocks, from what the workers were told. */
async function unitsOf(job: FakeJob): Promise<Record<string, string[]>> {
  const { folder } = await job.load();
  const started = (await job.journal()).flatMap((line) => /^(unit-\d+) (\S+) start$/.exec(line) ?? []);
  const units: Record<string, string[]> = {};
  for (let index = 0; index < started.length; index += 3) {
    const [, unit = '', attempt = ''] = started.slice(index, index + 3);
    const spec: unknown = JSON.parse(await readFile(join(folder, unit, attempt, 'unit-spec.json'), 'utf8'));
    units[unit] = (spec as { blocks: string[] }).blocks;
  }
  return units;
}

/** Gives `execution` other lines than the job was made with: the manifest as a user has edited it. */
async function edit(job: FakeJob, execution: string): Promise<void> {
  const text = await readFile(job.manifest, 'utf8');
  await writeFile(job.manifest, text.replace(/    device: CPU\n[^]*$/, `    device: CPU\n${execution}`));
}

describe('packing: Auto', () => {
  it('makes as many units as there are workers when starting one costs more than it trains', async () => {
    await using job = await fakeJob(auto(2));
    const { status } = await job.run({ blocks: 4 });
    expect(status.phase).toBe('Complete');
    expect(status.summary).toMatchObject({ blocks: '4/4' });
    // Steps of 0.01, 0.02, 0.03 and 0.04 s: six parts against four come nearest to halves.
    expect(await unitsOf(job)).toEqual({
      'unit-000': ['conv_0', 'conv_1', 'conv_2'],
      'unit-001': ['conv_3'],
    });
  });

  it('keeps the units of an interrupted job though maxParallel and packing have changed and prepare ran again', async () => {
    await using job = await fakeJob(auto(2));
    const controller = new AbortController();
    await job.run(
      { blocks: 4 },
      {
        workers: 1,
        interrupt: controller.signal,
        onUpdate: ({ observed }) => {
          if (observed.attempts.some(({ unit, result }) => unit === 'unit-000' && result)) controller.abort();
        },
      },
    );
    const { folder } = await job.load();
    await rm(join(folder, 'prepare/attempt-001/profile.json'));
    await edit(job, '    maxParallel: 4\n');
    const events: JobEvent[] = [];
    const { status } = await job.run(
      { blocks: 4 },
      { onUpdate: (update) => void events.push(...update.events) },
    );
    expect(status.phase).toBe('Complete');
    expect(await unitsOf(job)).toEqual({
      'unit-000': ['conv_0', 'conv_1', 'conv_2'],
      'unit-001': ['conv_3'],
    });
    expect(await job.journal()).toContain('prepare attempt-002 start-again');
    expect(
      (await job.journal()).some((line) => line.endsWith('start-again') && line.startsWith('unit')),
    ).toBe(false);
    expect(events.find(({ reason }) => reason === 'UnitsKept')?.message).toContain(
      'PerBlock changes nothing now',
    );
  });

  it('makes the same student as PerBlock, bit for bit', async () => {
    await using small = await SmallJob.create({ teacher: await networkOf(vgg()) });
    const run = async (name: string, execution: object): Promise<DistillationJobStatus> => {
      const manifest = join(small.folder, `${name}.json`);
      await writeFile(manifest, JSON.stringify(smallManifest('small', execution)));
      const { status } = await runJob({
        job: await loadLocalJob(manifest, join(small.folder, name)),
        workerCommand: worker,
        environment: process.env,
        workers: 2,
        interrupt: new AbortController().signal,
        now: () => new Date(),
        onUpdate: () => undefined,
      });
      return status;
    };
    const alone = await run('alone', {});
    const packed = await run('packed', { packing: 'Auto', maxParallel: 2 });
    expect(alone.phase).toBe('Complete');
    expect(packed.student?.digest).toBe(alone.student?.digest);
    expect(packed.student?.digest).toMatch(/^sha256:/);
    expect(outcomes(packed)).toEqual(outcomes(alone));
  });
});

function outcomes({ blocks }: DistillationJobStatus) {
  return blocks?.map(({ name, state, score, unexplainedVariance, loss }) => ({
    name,
    state,
    score,
    unexplainedVariance,
    loss,
  }));
}

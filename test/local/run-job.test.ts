import { existsSync, writeFileSync } from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { status as statusSchema } from '../../crds/status.ts';
import { fakeJob } from './fake-job.ts';

const starts = (journal: readonly string[]): string[] =>
  journal.filter((line) => line.endsWith(' start') || line.endsWith(' start-again'));

describe('a run on this machine', () => {
  it('prepares, distills every block, fine-tunes, and writes a status that the API would take', async () => {
    await using job = await fakeJob();
    const { status, alreadyDone } = await job.run({ blocks: 3 });
    expect(alreadyDone).toBe(false);
    expect(status.phase).toBe('Complete');
    expect(status.blocks?.map(({ name, state, replaced }) => [name, state, replaced])).toEqual([
      ['conv_first', 'Kept', false],
      ['conv_0', 'Distilled', true],
      ['conv_1', 'Distilled', true],
      ['conv_2', 'Distilled', true],
    ]);
    expect(status.summary).toMatchObject({ blocks: '3/3', accuracy: '98.5% val.' });
    // What follows is about this machine.
    expect(status.energy?.reason).toBe('CPU: no meter.');
    const file: unknown = JSON.parse(await readFile(join((await job.load()).folder, 'status.json'), 'utf8'));
    expect(statusSchema.parse(file)).toEqual(status);
  });

  it('starts the longest unit first and no more workers than it was given', async () => {
    await using job = await fakeJob();
    let most = 0;
    let first: readonly string[] = [];
    await job.run(
      { blocks: 4 },
      {
        workers: 2,
        onUpdate: ({ observed }) => {
          most = Math.max(most, observed.attempts.filter(({ state }) => state === 'Running').length);
          const units = observed.attempts.map(({ unit }) => unit).filter((unit) => unit.startsWith('unit-'));
          if (first.length === 0) first = units;
        },
      },
    );
    // The fake profile makes each block longer than the one before it.
    expect(first.toSorted()).toEqual(['unit-002', 'unit-003']);
    expect(most).toBe(2);
  });

  it('says that a finished job is done and starts nothing', async () => {
    await using job = await fakeJob();
    const first = await job.run({});
    const before = await job.journal();
    const second = await job.run({});
    expect(second.alreadyDone).toBe(true);
    expect(second.status).toEqual(first.status);
    expect(await job.journal()).toEqual(before);
  });

  it('believes a committed result though the worker crashed after it', async () => {
    await using job = await fakeJob();
    const { status } = await job.run({ faults: { 'unit-000': ['crash-after-commit'] } });
    expect(status.phase).toBe('Complete');
    expect(starts(await job.journal()).filter((line) => line.startsWith('unit-000'))).toHaveLength(1);
  });

  it('runs a unit again whose artifact was damaged, and says so', async () => {
    await using job = await fakeJob();
    await job.run({});
    const { folder } = await job.load();
    await rm(join(folder, 'finetune/attempt-001/result.json'));
    await appendFile(join(folder, 'unit-001/attempt-001/conv_1.weights'), 'damage');
    const warnings: string[] = [];
    const { status } = await job.run(
      {},
      { onUpdate: ({ events }) => void warnings.push(...events.map(({ message }) => message)) },
    );
    expect(status.phase).toBe('Complete');
    expect(warnings.join('\n')).toContain('unit-001/attempt-001/result.json is ignored: conv_1.weights');
    const again = starts(await job.journal()).slice(4);
    expect(again).toEqual(['unit-001 attempt-002 start-again', 'finetune attempt-002 start']);
  });

  it('needs no blocks any more once the student is committed', async () => {
    await using job = await fakeJob();
    const first = await job.run({});
    const { folder } = await job.load();
    await rm(join(folder, 'unit-001/attempt-001/conv_1.weights'));
    const second = await job.run({});
    expect(second).toEqual({ status: first.status, alreadyDone: true });
  });

  it.each([
    { retain: 'Never', accepted: false, cleared: true },
    { retain: 'OnFailure', accepted: true, cleared: true },
    { retain: 'OnFailure', accepted: false, cleared: false },
    { retain: 'Always', accepted: true, cleared: false },
  ])(
    'clears away what a killed finetune left: $retain, accepted $accepted: $cleared',
    async ({ retain, accepted, cleared }) => {
      await using job = await fakeJob(`  storage:\n    retain: ${retain}\n`);
      // The fake worker never clears, as if it was killed between its commit and that.
      await job.run({ accepted, faults: { finetune: ['crash-after-commit'] } });
      const { folder } = await job.load();
      const checkpoint = join(folder, 'unit-000/attempt-001/checkpoint.safetensors');
      for (let run = 0; run < 2; run++) {
        await writeFile(checkpoint, 'left behind');
        expect((await job.run({ accepted })).alreadyDone).toBe(true);
        expect(existsSync(checkpoint)).toBe(!cleared);
      }
    },
  );

  it('clears away in the same run what a finetune left that was killed after its commit', async () => {
    await using job = await fakeJob();
    const { folder } = await job.load();
    const checkpoint = join(folder, 'unit-000/attempt-001/checkpoint.safetensors');
    await job.run(
      { faults: { finetune: ['crash-after-commit'] } },
      {
        onUpdate: ({ observed }) => {
          if (observed.attempts.some(({ unit }) => unit === 'finetune')) writeFileSync(checkpoint, '');
        },
      },
    );
    expect(existsSync(checkpoint)).toBe(false);
  });

  it('ignores a result that is not one', async () => {
    await using job = await fakeJob();
    await job.run({});
    const { folder } = await job.load();
    await writeFile(join(folder, 'finetune/attempt-001/result.json'), '{"version":1');
    const { status } = await job.run({});
    expect(status.phase).toBe('Complete');
    expect(starts(await job.journal()).slice(4)).toEqual(['finetune attempt-002 start-again']);
  });
});

describe('failures', () => {
  it('fails at once on bad input, with what the worker said', async () => {
    await using job = await fakeJob();
    const { status } = await job.run({ faults: { prepare: ['invalid'] } });
    expect(status.phase).toBe('Failed');
    const failed = status.conditions?.find(({ type }) => type === 'Failed');
    expect(failed?.reason).toBe('InvalidInput');
    expect(failed?.message).toBe('Prepare: dataset.train.uri: The file is truncated.');
    expect(starts(await job.journal())).toHaveLength(1);
  });

  it('tries a crashing unit backoffLimit times more, then fails', async () => {
    await using job = await fakeJob('  backoffLimit: 1\n');
    const { status } = await job.run(
      { faults: { 'unit-000': ['crash', 'without-result', 'none'] } },
      { workers: 1 },
    );
    expect(status.phase).toBe('Failed');
    expect(status.blocks?.find(({ name }) => name === 'conv_0')).toMatchObject({
      state: 'Failed',
      attempts: 2,
    });
  });

  it('tries failed units again in the next run, and keeps what is done', async () => {
    await using job = await fakeJob('  backoffLimit: 0\n');
    const behaviour = { faults: { 'unit-000': ['crash', 'none'] } } as const;
    expect((await job.run(behaviour, { workers: 1 })).status.phase).toBe('Failed');
    expect((await job.run(behaviour, { workers: 1 })).status.phase).toBe('Complete');
    const order = starts(await job.journal());
    expect(order.some((line) => line.endsWith('start-again'))).toBe(false);
    expect(order.filter((line) => line.startsWith('unit-001'))).toHaveLength(1);
  });

  it('does not count interruptions against backoffLimit', async () => {
    await using job = await fakeJob('  backoffLimit: 0\n');
    const { status } = await job.run({ faults: { 'unit-001': ['interrupted', 'interrupted', 'none'] } });
    expect(status.phase).toBe('Complete');
  });

  it('keeps the teacher where a unit failed, if the manifest says so', async () => {
    await using job = await fakeJob('  backoffLimit: 0\n  distill:\n    onUnitFailure: KeepTeacher\n');
    const { status } = await job.run({ faults: { 'unit-000': ['crash'] } });
    expect(status.phase).toBe('Complete');
    expect(status.blocks?.find(({ name }) => name === 'conv_0')).toMatchObject({
      name: 'conv_0',
      replaced: false,
      reason: 'The fake worker was told to crash.',
    });
  });

  it('fails without a finetune when every block collapsed', async () => {
    await using job = await fakeJob();
    const { status } = await job.run({ collapsed: ['unit-000', 'unit-001'] });
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('NothingReplaced');
    expect((await job.journal()).some((line) => line.startsWith('finetune'))).toBe(false);
  });

  it('fails when the student is not accepted, and says where it is kept', async () => {
    await using job = await fakeJob();
    const { status } = await job.run({ accepted: false });
    const failed = status.conditions?.find(({ type }) => type === 'Failed');
    expect(failed?.reason).toBe('NotAccepted');
    expect(failed?.message).toContain('The student loses 7.1 points');
    expect(failed?.message).toContain('finetune/attempt-001');
  });
});

describe('an interrupt', () => {
  it('lets workers commit their checkpoints, and the next run goes on from them', async () => {
    await using job = await fakeJob();
    const controller = new AbortController();
    const steps = 200;
    const stopped = await job.run(
      { blocks: 2, steps, stepMilliseconds: 2 },
      {
        interrupt: controller.signal,
        onUpdate: ({ observed }) => {
          const trained = observed.attempts.some(
            ({ stage, progress }) => stage === 'Distill' && (progress?.fraction ?? 0) > 0,
          );
          if (trained) controller.abort();
        },
      },
    );
    expect(stopped.status.phase).toBe('Suspended');
    expect(stopped.status.conditions?.find(({ type }) => type === 'Suspended')).toMatchObject({
      reason: 'Interrupted',
      message: 'Interrupted; run the same command to resume.',
    });
    const resumed = await job.run({ blocks: 2, steps, stepMilliseconds: 0 });
    expect(resumed.status.phase).toBe('Complete');
    const counted = (await job.journal()).filter((line) => line.includes(' step '));
    expect(new Set(counted.map((line) => line.replace(/ attempt-\d+/, ''))).size).toBe(counted.length);
    expect(counted).toHaveLength(4 * steps);
  });

  it('kills a worker that does not stop within the grace period', async () => {
    await using job = await fakeJob();
    const controller = new AbortController();
    const { status } = await job.run(
      { blocks: 1, faults: { 'unit-000': ['hang'] } },
      {
        graceSeconds: 0.2,
        interrupt: controller.signal,
        onUpdate: ({ observed }) => {
          if (observed.attempts.some(({ unit }) => unit === 'unit-000')) controller.abort();
        },
      },
    );
    expect(status.phase).toBe('Suspended');
  });
});

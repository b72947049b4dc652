import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JobEvent } from '../../operator/decide/decision.ts';
import { readStatusFile } from '../../operator/local/status-file.ts';
import { isStatusOf } from '../../operator/local/spec-file.ts';
import type { FakeBehaviour } from './fake-behaviour.ts';
import { fakeJob, type FakeJob } from './fake-job.ts';

const acceptance = (drop: number): string => `  acceptance:\n    maxAccuracyDrop: ${drop}\n`;

async function edit(job: FakeJob, from: string, to: string): Promise<void> {
  const text = await readFile(job.manifest, 'utf8');
  expect(text).toContain(from);
  await writeFile(job.manifest, text.replace(from, to));
}

/** A further run: how it ended, what it started, and what it said. */
async function runAgain(job: FakeJob, behaviour: FakeBehaviour = {}) {
  const before = (await job.journal()).length;
  const events: JobEvent[] = [];
  const { status, alreadyDone } = await job.run(behaviour, {
    onUpdate: (update) => void events.push(...update.events),
  });
  const started = (await job.journal())
    .slice(before)
    .filter((line) => / start(-again)?$/.test(line))
    .map((line) => line.split(' ').slice(0, 2).join(' '));
  return { status, alreadyDone, started, events };
}

describe('a manifest in which only what the student depends on was edited', () => {
  it.each([
    { of: 'acceptance', from: '0.05', to: '0.5' },
    { of: 'stitch', from: 'output:', to: 'stitch:\n    maxScoreDrop: 0.2\n  output:' },
    { of: 'finetune', from: 'output:', to: 'finetune:\n    epochs: 0\n  output:' },
    { of: 'output', from: 'uri: student', to: 'uri: student-2' },
    { of: 'the threads of finetune', from: 'device: CPU', to: 'device: CPU\n    threads: { finetune: 1 }' },
  ])('goes on in its folder and runs nothing but finetune again: $of', async ({ from, to }) => {
    await using job = await fakeJob(acceptance(0.05));
    expect((await job.run({ accepted: false })).status.phase).toBe('Failed');
    const { folder } = await job.load();
    await edit(job, from, to);
    const { status, alreadyDone, started, events } = await runAgain(job);
    expect((await job.load()).folder).toBe(folder);
    expect(started).toEqual(['finetune attempt-002']);
    expect(alreadyDone).toBe(false);
    expect(status.phase).toBe('Complete');
    expect(events.map(({ reason }) => reason)).toContain('ManifestEdited');
    const second = await runAgain(job);
    expect(second.alreadyDone).toBe(true);
    expect(second.started).toEqual([]);
    expect(second.events.map(({ reason }) => reason)).not.toContain('ManifestEdited');
  });

  it('is not said to be done before it has run', async () => {
    await using job = await fakeJob(acceptance(0.05));
    await job.run({});
    expect(await isStatusOf(await job.load())).toBe(true);
    await edit(job, '0.05', '0.01');
    expect(await isStatusOf(await job.load())).toBe(false);
    const phases: (string | undefined)[] = [];
    await job.run({ accepted: false }, { onUpdate: ({ status }) => void phases.push(status.phase) });
    expect(phases[0]).toBe('Finetuning');
    expect(phases.at(-1)).toBe('Failed');
    const written = await readStatusFile((await job.load()).folder);
    expect(written?.status.phase).toBe('Failed');
    expect(await isStatusOf(await job.load())).toBe(true);
  });

  it('names the earlier student when the one that it asks for now is not accepted', async () => {
    await using job = await fakeJob(acceptance(0.05));
    await job.run({});
    const { compiled, namespace, name, uid } = await job.load();
    const output = fileURLToPath(compiled.spec.output.uri);
    await mkdir(output, { recursive: true });
    const marker = { job: { namespace, name, uid }, origin: '.', digest: `sha256:${'0'.repeat(64)}` };
    await writeFile(join(output, 'blockstill.json'), JSON.stringify(marker));
    await edit(job, '0.05', '0.01');
    const { status, events } = await runAgain(job, { accepted: false });
    expect(status.phase).toBe('Failed');
    expect(events.find(({ reason }) => reason === 'EarlierStudent')?.message).toContain(output);
  });

  it('keeps its plan when there are several, and is still done', async () => {
    await using job = await fakeJob(acceptance(0.05));
    await job.run({});
    const { folder } = await job.load();
    await rm(join(folder, 'prepare'), { recursive: true });
    await job.run({});
    expect((await runAgain(job)).alreadyDone).toBe(true);
    expect((await runAgain(job)).started).toEqual([]);
  });

  it('does not count what finetune failed at before the edit', async () => {
    await using job = await fakeJob(`${acceptance(0.05)}  backoffLimit: 0\n`);
    expect((await job.run({ faults: { finetune: ['crash'] } })).status.phase).toBe('Failed');
    await edit(job, '0.05', '0.5');
    const { status, started } = await runAgain(job);
    expect(started).toEqual(['finetune attempt-002']);
    expect(status.phase).toBe('Complete');
  });

  it('finds the student again that it had before when the edit is taken back', async () => {
    await using job = await fakeJob(acceptance(0.05));
    const first = await job.run({});
    await edit(job, '0.05', '0.5');
    await runAgain(job);
    await edit(job, '0.5', '0.05');
    const { status, alreadyDone, started } = await runAgain(job);
    expect(started).toEqual([]);
    expect(alreadyDone).toBe(true);
    expect(status.completionTime).toBe(first.status.completionTime);
  });

  it('prepares again, and trains no block, when the prepared data were cleared away', async () => {
    await using job = await fakeJob(acceptance(0.05));
    await job.run({});
    // The fake plan has no data; the profile stands for them.
    await rm(join((await job.load()).folder, 'prepare/attempt-001/profile.json'));
    await edit(job, '0.05', '0.5');
    const { status, started } = await runAgain(job);
    expect(started).toEqual(['prepare attempt-002', 'finetune attempt-002']);
    expect(status.phase).toBe('Complete');
  });
});

describe('a manifest in which was edited what blocks depend on', () => {
  it.each([
    { of: 'distill', lines: '  distill:\n    epochs: 3\n' },
    { of: 'recalibration, with which a block ends', lines: '  stitch:\n    recalibrationBatches: 7\n' },
  ])('is another job: $of', async ({ lines }) => {
    await using job = await fakeJob();
    await job.run({});
    const { folder } = await job.load();
    await appendFile(job.manifest, lines);
    expect(await job.journal()).toEqual([]);
    const { started } = await runAgain(job);
    expect(started.toSorted()).toEqual([
      'finetune attempt-001',
      'prepare attempt-001',
      'unit-000 attempt-001',
      'unit-001 attempt-001',
    ]);
    const changed = await job.load();
    expect(dirname(changed.folder)).toBe(dirname(folder));
    expect(changed.folder).not.toBe(folder);
  });
});

describe('another teacher in the place of the one that a job had', () => {
  /** A job whose teacher is there, as far as files go. */
  async function jobWithTeacher(): Promise<{ job: FakeJob; weights: string }> {
    const job = await fakeJob();
    const folder = join(dirname(job.manifest), 'teacher');
    await mkdir(folder);
    const model = { modelTopology: {}, weightsManifest: [{ paths: ['weights.bin'], weights: [] }] };
    await writeFile(join(folder, 'model.json'), JSON.stringify(model));
    await writeFile(join(folder, 'weights.bin'), 'first');
    return { job, weights: join(folder, 'weights.bin') };
  }

  it('is noticed by its weights, makes another job, and is told', async () => {
    const { job, weights } = await jobWithTeacher();
    await using _job = job;
    const first = await job.run({});
    const { folder } = await job.load();
    await writeFile(weights, 'other');
    expect(await isStatusOf(await job.load())).toBe(false);
    const { alreadyDone, started, events } = await runAgain(job);
    expect(alreadyDone).toBe(false);
    expect(started).toHaveLength(4);
    expect(events.filter(({ reason }) => reason === 'TeacherReplaced').map(({ message }) => message)).toEqual(
      [
        `The teacher is not the one that an earlier run of this manifest had, so all blocks are trained anew. What was made with the earlier one stays in ${folder}.`,
      ],
    );
    await writeFile(weights, 'first');
    const back = await runAgain(job);
    expect({ done: back.alreadyDone, started: back.started }).toEqual({ done: true, started: [] });
    expect(back.status.completionTime).toBe(first.status.completionTime);
  });

  it('is the same job while the teacher is written again with the same content', async () => {
    const { job, weights } = await jobWithTeacher();
    await using _job = job;
    await job.run({});
    await writeFile(weights, 'first');
    expect((await runAgain(job)).alreadyDone).toBe(true);
  });

  it('is told to prepare, which refuses any other', async () => {
    const { job } = await jobWithTeacher();
    await using _job = job;
    await job.run({});
    const { folder, teacherDigest } = await job.load();
    expect(teacherDigest).toBeDefined();
    const told: unknown = JSON.parse(
      await readFile(join(folder, 'prepare/attempt-001/unit-spec.json'), 'utf8'),
    );
    expect(told).toMatchObject({ teacherDigest });
  });
});

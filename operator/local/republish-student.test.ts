import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeJob, type FakeJob } from '../../test/local/fake-job.ts';

/** A second run of the job: what it said, and what it started. */
async function runAgain(job: FakeJob) {
  const before = await job.journal();
  const reasons: string[] = [];
  const { status, alreadyDone } = await job.run(
    {},
    { onUpdate: ({ events }) => void reasons.push(...events.map(({ reason }) => reason)) },
  );
  return { status, alreadyDone, reasons, started: (await job.journal()).slice(before.length) };
}

describe('a finished job that is run again', () => {
  it('publishes a student that is gone, trains nothing, and says so', async () => {
    await using job = await fakeJob();
    await job.run({});
    const output = join(dirname(job.manifest), 'student');
    await rm(output, { recursive: true, force: true });
    const { status, alreadyDone, reasons, started } = await runAgain(job);
    expect({ phase: status.phase, alreadyDone, started }).toEqual({
      phase: 'Complete',
      alreadyDone: true,
      started: [],
    });
    expect(reasons).toEqual(['StudentRepublished']);
    expect((await readdir(output)).sort()).toEqual(['blockstill.json', 'student.json']);
    expect((await runAgain(job)).reasons).toEqual([]);
  });

  it('puts its own student in the place of the one of an edited manifest', async () => {
    await using job = await fakeJob();
    await job.run({});
    await runAgain(job);
    const first = (await job.load()).uid;
    const marker = join(dirname(job.manifest), 'student', 'blockstill.json');
    const text = await readFile(marker, 'utf8');
    const other = text
      .replace(first, 'edited')
      .replace(/sha256:[0-9a-f]/, (digest) => (digest.endsWith('0') ? 'sha256:1' : 'sha256:0'));
    await writeFile(marker, other);
    expect((await runAgain(job)).reasons).toEqual(['StudentRepublished']);
    expect(await readFile(marker, 'utf8')).toBe(text);
  });

  it('leaves alone what somebody else has put there', async () => {
    await using job = await fakeJob();
    await job.run({});
    const output = join(dirname(job.manifest), 'student');
    await rm(output, { recursive: true, force: true });
    await mkdir(output);
    await appendFile(join(output, 'notes.txt'), 'mine');
    await expect(runAgain(job)).rejects.toMatchObject({ code: 'storage/output-taken' });
    expect(await readdir(output)).toEqual(['notes.txt']);
  });

  it('publishes nothing when the student was not accepted', async () => {
    await using job = await fakeJob();
    await job.run({ accepted: false });
    await runAgain(job);
    expect(await readdir(dirname(job.manifest))).not.toContain('student');
  });
});

describe('the folder of a job', () => {
  it('is told as bad input when it can not be made', async () => {
    await using job = await fakeJob();
    await writeFile(join(dirname(job.manifest), '.blockstill'), 'a file');
    await expect(job.run({})).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'storage/not-writable',
    });
  });
});

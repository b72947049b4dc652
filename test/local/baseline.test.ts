import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { JobEvent } from '../../operator/decide/decision.ts';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { runJob } from '../../operator/local/run-job.ts';
import type { FakeBehaviour } from './fake-behaviour.ts';
import { fakeJob, fakeWorker, type FakeJob } from './fake-job.ts';

const measure = '    baseline: { mode: Measure }\n';

describe('baseline Measure', () => {
  it('is trained once, before every unit, and told apart from the job', async () => {
    await using job = await fakeJob(measure);
    const { status } = await job.run({ blocks: 3 });
    const starts = (await job.journal()).flatMap((line) => /^(\S+) \S+ start$/.exec(line)?.[1] ?? []);
    expect(starts.slice(0, 2)).toEqual(['prepare', 'baseline']);
    expect(starts.filter((unit) => unit === 'baseline')).toHaveLength(1);
    const journal = await job.journal();
    const firstUnit = journal.findIndex((line) => /^unit-\d+ \S+ start$/.test(line));
    expect(journal.indexOf('baseline attempt-001 commit')).toBeLessThan(firstUnit);
    expect(status).toMatchObject({
      phase: 'Complete',
      baseline: { mode: 'Measure', state: 'Known', attempts: 1 },
      speedup: { basis: 'Measured', serialSeconds: status.baseline?.seconds },
    });
    // The block that is kept has none.
    expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([undefined, 1, 1, 1]);
  });

  it('goes on without one that fails for good, and says why', async () => {
    await using job = await fakeJob(`${measure}  backoffLimit: 1\n`);
    const { status } = await job.run({ faults: { baseline: ['crash', 'crash'] } });
    expect(status).toMatchObject({
      phase: 'Complete',
      baseline: { state: 'Unknown', attempts: 2 },
      speedup: { basis: 'Estimated' },
    });
    expect(status.speedup?.reason).toContain('The fake worker was told to crash.');
  });

  it('is not made again by another run, nor after a run that was interrupted behind it', async () => {
    await using job = await fakeJob(measure);
    const controller = new AbortController();
    await job.run(
      { blocks: 3 },
      {
        workers: 1,
        interrupt: controller.signal,
        onUpdate: ({ observed }) => {
          if (observed.attempts.some(({ unit }) => unit === 'unit-000')) controller.abort();
        },
      },
    );
    const { status } = await job.run({ blocks: 3 });
    expect(status.baseline).toMatchObject({ state: 'Known', attempts: 1 });
    const again = await job.run({ blocks: 3 });
    expect(again.alreadyDone).toBe(true);
    expect(again.status.baseline).toEqual(status.baseline);
    expect(
      (await job.journal()).filter((line) => line.startsWith('baseline') && line.endsWith('start')),
    ).toEqual(['baseline attempt-001 start']);
  });
});

/** Runs another manifest beside that of a job, in the same storage. */
async function beside(
  job: FakeJob,
  { name, execution }: { name: string; execution: string },
  { workers = 2, ...behaviour }: FakeBehaviour & { readonly workers?: number } = {},
): Promise<{ status: DistillationJobStatus; events: readonly JobEvent[] }> {
  const manifest = join(dirname(job.manifest), `${name}.yaml`);
  const text = (await readFile(job.manifest, 'utf8'))
    .replace('name: fake', `name: ${name}`)
    .replace('uri: student', `uri: student-${name}`)
    .replace(/    device: CPU\n[^]*$/, `    device: CPU\n${execution}`);
  await writeFile(manifest, text);
  const events: JobEvent[] = [];
  const { status } = await runJob({
    job: await loadLocalJob(manifest),
    workerCommand: fakeWorker,
    environment: { ...process.env, FAKE_WORKER: JSON.stringify(behaviour) },
    workers,
    interrupt: new AbortController().signal,
    graceSeconds: 2,
    backoff: { baseSeconds: 0, maximumSeconds: 0 },
    now: () => new Date(),
    onUpdate: (update) => void events.push(...update.events),
  });
  return { status, events };
}

const naming = (name: string): string => `    baseline: { mode: Job, jobName: ${name} }\n`;
const serial = { name: 'serial', execution: '    maxParallel: 1\n' };

describe('baseline Job', () => {
  it('takes the time of a finished serial job in the same storage', async () => {
    await using job = await fakeJob();
    const other = await beside(job, serial);
    const { status } = await beside(job, { name: 'parallel', execution: naming('serial') });
    const { parallelSeconds = 0, balance = 0 } = other.status.speedup ?? {};
    // While its one worker was busy: what lies between its units is nobody's work.
    const seconds = Number((parallelSeconds * balance).toPrecision(4));
    expect(status.baseline).toMatchObject({ mode: 'Job', state: 'Known', jobName: 'serial', seconds });
    expect(status.speedup).toMatchObject({ basis: 'Measured', serialSeconds: seconds });
  });

  it.each<{ of: string; execution?: string; behaviour?: FakeBehaviour; reason: string }>([
    {
      of: 'another seed',
      execution: '    maxParallel: 1\n    seed: 5\n',
      reason: 'what the spec says of blocks differs',
    },
    {
      of: 'another precision',
      execution: '    maxParallel: 1\n    precision: BFloat16\n',
      reason: 'the precision differs (Float32 here, BFloat16 there)',
    },
    {
      of: 'another packing',
      execution: '    maxParallel: 1\n    packing: Auto\n',
      reason: 'the packing differs (PerBlock here, Auto there)',
    },
    {
      of: 'another activation cache',
      execution: '    maxParallel: 1\n    activationCache: { memory: 1Gi }\n',
      reason: 'the activation cache differs',
    },
    {
      of: 'other resources',
      execution: '    maxParallel: 1\n  resources: { cpu: "3" }\n',
      reason: 'what a unit may use differs',
    },
    { of: 'other data', behaviour: { data: 'other' }, reason: 'the data differs' },
    { of: 'another teacher', behaviour: { teacher: 'other' }, reason: 'the teacher differs' },
    {
      of: 'another processor',
      behaviour: { deviceName: 'other CPU' },
      reason: 'the GPU model differs (fake CPU here, other CPU there)',
    },
    {
      of: 'two workers',
      execution: '    maxParallel: 2\n',
      behaviour: { stepMilliseconds: 100 },
      reason: 'It is no serial run: 2 of its units ran at once.',
    },
    { of: 'no student', behaviour: { accepted: false }, reason: 'It is not complete (Failed).' },
  ])('refuses one with $of, and completes', async ({ execution = serial.execution, behaviour, reason }) => {
    await using job = await fakeJob();
    await beside(job, { name: 'serial', execution }, behaviour);
    const { status, events } = await beside(job, { name: 'parallel', execution: naming('serial') });
    expect(status).toMatchObject({ phase: 'Complete', speedup: { basis: 'Estimated' } });
    expect(status.speedup?.reason).toContain(reason);
    expect(events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'BaselineUnknown' }));
  });

  it('takes one that packed for as many workers, and had one device', async () => {
    await using job = await fakeJob();
    const packed = '    maxParallel: 2\n    packing: Auto\n';
    await beside(job, { name: 'serial', execution: packed }, { workers: 1, blocks: 3 });
    const { status } = await beside(
      job,
      { name: 'parallel', execution: packed + naming('serial') },
      { blocks: 3 },
    );
    expect(status.baseline?.state, status.baseline?.reason).toBe('Known');
  });

  it('refuses one that packed for another number of workers into other units', async () => {
    await using job = await fakeJob();
    const packed = (workers: number): string => `    maxParallel: ${workers}\n    packing: Auto\n`;
    await beside(job, { name: 'serial', execution: packed(1) }, { blocks: 3 });
    const parallel = { name: 'parallel', execution: packed(2) + naming('serial') };
    const { status } = await beside(job, parallel, { blocks: 3 });
    expect(status.baseline?.reason).toContain('the packing differs (Auto for 2 here, Auto for 1 there)');
  });

  it('goes by what the units were told, whatever the manifest says since', async () => {
    await using job = await fakeJob();
    await beside(job, serial);
    // All is done, so that this run changes nothing.
    await beside(job, { name: 'serial', execution: '    maxParallel: 1\n    packing: Auto\n' });
    const { status } = await beside(job, { name: 'parallel', execution: naming('serial') });
    expect(status.baseline?.state).toBe('Known');
  });

  it.each([
    {
      of: 'the cache',
      edit: 'activationCache: { memory: 1Gi }',
      reason: 'how units are run is unknown there',
    },
    // The units stay those that they were, so that this is no other execution.
    { of: 'the packing', edit: 'packing: Auto', reason: 'had to be tried more than once' },
  ])('of which $of was edited before it was done: $reason', async ({ edit, reason }) => {
    await using job = await fakeJob();
    const failing = { blocks: 2, faults: { 'unit-001': ['crash'] } } satisfies FakeBehaviour;
    await beside(job, { name: 'serial', execution: `${serial.execution}  backoffLimit: 0\n` }, failing);
    await beside(job, { name: 'serial', execution: `${serial.execution}    ${edit}\n` }, { blocks: 2 });
    const parallel = { name: 'parallel', execution: naming('serial') };
    const { status } = await beside(job, parallel, { blocks: 2 });
    expect(status.baseline?.reason).toContain(reason);
  });

  it('takes the figures by another run, where there were none at first', async () => {
    await using job = await fakeJob();
    const asking = { name: 'parallel', execution: naming('serial') };
    const { status } = await beside(job, asking);
    expect(status.baseline).toMatchObject({ state: 'Unknown' });
    expect(status.baseline?.reason).toContain('No job serial has been run in');
    await beside(job, serial);
    expect((await beside(job, asking)).status.speedup).toMatchObject({ basis: 'Measured' });
  });
});

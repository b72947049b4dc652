import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobSpecSchema, toldSpec } from '../../worker/contract/job-spec.ts';
import { trainingOf } from '../decide/job-settings.ts';
import { loadLocalJob } from './local-job.ts';

interface Fields {
  readonly spec?: object;
  readonly seed?: number;
  readonly maxParallel?: number;
  readonly storage?: string;
  readonly packing?: 'Auto';
  readonly suspend?: boolean;
  readonly augmentation?: object;
}

async function load(
  { seed = 0, maxParallel, storage, packing, suspend, augmentation, spec }: Fields,
  option?: string,
) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-job-'));
  const path = join(folder.path, 'job.json');
  const job = {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name: 'small' },
    spec: {
      // Absolute, so that the digest does not depend on the temporary folder.
      teacher: { uri: 'file:///models/teacher/model.json' },
      dataset: { format: 'NPZ', train: { uri: 'file:///data/train.npz' }, augmentation },
      output: { uri: 'file:///models/student' },
      storage: storage === undefined ? undefined : { uri: storage },
      execution: { device: 'CPU', seed, maxParallel, packing },
      suspend,
      ...spec,
    },
  };
  await writeFile(path, JSON.stringify(job));
  return { job: await loadLocalJob(path, option), folder: folder.path };
}

describe('a manifest on this machine', () => {
  it('has a folder named after namespace, name and what decides its results', async () => {
    const { job, folder } = await load({});
    expect(job.uid).toMatch(/^[0-9a-f]{12}$/);
    expect(job.specDigests.Distill.slice(7)).toMatch(new RegExp(`^${job.uid}`));
    expect(job.folder).toBe(join(folder, '.blockstill/default', `small-${job.uid}`));
  });

  it('is the same job when only the number of workers or packing changes, and another one when results do', async () => {
    const [plain, parallel, packed, seeded] = await Promise.all([
      load({}),
      load({ maxParallel: 3 }),
      load({ packing: 'Auto', maxParallel: 3 }),
      load({ seed: 7 }),
    ]);
    expect(parallel.job.uid).toBe(plain.job.uid);
    expect(packed.job.uid).toBe(plain.job.uid);
    expect(seeded.job.uid).not.toBe(plain.job.uid);
  });

  it.each([
    { of: 'acceptance', spec: { acceptance: { maxAccuracyDrop: 0.2 } } },
    { of: 'stitch', spec: { stitch: { maxScoreDrop: 0.2 } } },
    { of: 'finetune', spec: { finetune: { batchSize: 8 } } },
    { of: 'output', spec: { output: { uri: 'file:///models/other' } } },
  ])('keeps its blocks and makes another student when $of is edited', async ({ spec }) => {
    const [plain, edited] = await Promise.all([load({}), load({ spec })]);
    expect(edited.job.uid).toBe(plain.job.uid);
    expect(edited.job.specDigests.Prepare).toBe(plain.job.specDigests.Prepare);
    expect(edited.job.specDigests.Distill).toBe(plain.job.specDigests.Distill);
    expect(edited.job.specDigests.Finetune).not.toBe(plain.job.specDigests.Finetune);
  });

  it.each([
    { of: 'what is done about failures', spec: { distill: { onUnitFailure: 'KeepTeacher' } } },
    { of: 'how often it is tried', spec: { backoffLimit: 7 } },
    { of: 'what is kept', spec: { storage: { retain: 'Always' } } },
  ])('is the same in all its stages when only $of is edited', async ({ spec }) => {
    const [plain, edited] = await Promise.all([load({}), load({ spec })]);
    expect(edited.job.specDigests).toEqual(plain.job.specDigests);
  });

  it.each([
    { of: 'distill', spec: { distill: { batchSize: 8 } } },
    { of: 'recalibration, with which a block ends', spec: { stitch: { recalibrationBatches: 3 } } },
    { of: 'the threads of distill', spec: { execution: { device: 'CPU', threads: { distill: 3 } } } },
    { of: 'the device', spec: { execution: { device: 'GPU' } } },
  ])('is another job when $of is edited', async ({ spec }) => {
    const [plain, edited] = await Promise.all([load({}), load({ spec })]);
    expect(edited.job.uid).not.toBe(plain.job.uid);
  });

  it.each([
    { of: 'the option', storage: 'file:///scratch', option: '/other', root: '/other' },
    { of: 'spec.storage.uri', storage: 'file:///scratch', option: undefined, root: '/scratch' },
  ])('is stored where $of says', async ({ storage, option, root }) => {
    const { job } = await load({ storage }, option);
    expect(job.folder).toBe(join(root, 'default', `small-${job.uid}`));
  });

  it.each([
    { of: 'storage on S3', fields: { storage: 's3://bucket/exchange' }, code: 'storage/not-local' },
    {
      of: 'packing for an unknown number of workers',
      fields: { packing: 'Auto' } as const,
      code: 'manifest/invalid',
    },
    { of: 'a job that is to stand still', fields: { suspend: true }, code: 'run/suspended' },
  ])('is refused for $of', async ({ fields, code }) => {
    await expect(load(fields)).rejects.toMatchObject({ code });
  });

  it('tells workers a spec that they accept', async () => {
    const { job } = await load({});
    expect(jobSpecSchema.safeParse(toldSpec(job.compiled.spec)).success).toBe(true);
  });

  it.each([
    { of: 'once without augmentation', augmentation: {}, passes: 1 },
    { of: 'every epoch with fresh augmentation', augmentation: { horizontalFlip: true }, passes: Infinity },
    { of: 'as often as there are passes', augmentation: { rotation: 5, passes: 3 }, passes: 3 },
  ])('runs the teacher $of', async ({ augmentation, passes }) => {
    expect(trainingOf((await load({ augmentation })).job.compiled).passes).toBe(passes);
  });
});

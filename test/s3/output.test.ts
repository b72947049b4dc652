import { mkdir, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import {
  checkOutput,
  holdsStudent,
  isPublished,
  publish,
  type OutputRequest,
} from '../../common/output-folder.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3 } from './use-s3.ts';

const taken = { name: 'InvalidInputError', code: 'storage/output-taken' };

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('an output on S3', () => {
  const s3 = useS3();
  const student = (text = 'weights') => ({
    folder: s3().path('made'),
    artifacts: [
      { path: 'student/model.json', bytes: 8 },
      { path: 'student/weights.bin', bytes: 7 },
    ],
    digest: digestOfBytes(text),
  });

  beforeAll(async () => {
    await mkdir(s3().path('made'));
    await writeFile(s3().path('made/model.json'), 'topology');
    await writeFile(s3().path('made/weights.bin'), 'weights');
  });

  function request(
    bucket: string,
    changes: { output?: string; name?: string; uid?: string; exchange?: string } = {},
  ) {
    const { output = 'students/small', name = 'small', uid = 'first' } = changes;
    return {
      job: { namespace: 'default', name, uid },
      spec: {
        output: { uri: `s3://${bucket}/${output}` },
        storage: { s3: s3().server.settings },
        teacher: { uri: `s3://${bucket}/models/teacher` },
        dataset: {
          train: { uri: `s3://${bucket}/data/train.npz` },
          validation: { fraction: 0.1 },
        },
      },
      exchange: changes.exchange ?? `s3://${bucket}/exchange/default/${name}-${uid}`,
    } satisfies OutputRequest;
  }

  test('is checked without a trace', async () => {
    const bucket = await s3().bucketWith({ 'data/train.npz': '' });
    await checkOutput(request(bucket));
    expect(await s3().keys(bucket)).toEqual(['data/train.npz']);
  });

  test('gets the files and a marker, which gives neither bucket nor path away', async () => {
    const bucket = await s3().bucketWith({});
    expect(await isPublished(request(bucket), student())).toBe(false);
    expect(await publish(request(bucket), student())).toBe(`s3://${bucket}/students/small`);
    expect(await s3().keys(bucket)).toEqual([
      'students/small/blockstill.json',
      'students/small/model.json',
      'students/small/weights.bin',
    ]);
    expect(await isPublished(request(bucket), student())).toBe(true);
    expect(await isPublished(request(bucket), student('other'))).toBe(false);
    expect(await holdsStudent(request(bucket))).toBe(true);
    expect(await holdsStudent(request(bucket, { name: 'other' }))).toBe(false);
    const marker = await s3().store.read({ bucket, key: 'students/small/blockstill.json' });
    expect(JSON.parse(marker?.toString() ?? '')).toEqual({
      job: { namespace: 'default', name: 'small', uid: 'first' },
      origin: digestOfBytes(`s3://${bucket}/exchange/default`),
      digest: digestOfBytes('weights'),
    });
  });

  test.each(['models/teacher', 'models', 'models/teacher/student', 'data', 'data/train.npz'])(
    'that is, holds or lies in the place of an input is refused: %s',
    async (output) => {
      const bucket = await s3().bucketWith({});
      const checked = checkOutput(request(bucket, { output }));
      await expect(checked).rejects.toMatchObject(taken);
      await expect(checked).rejects.toThrow(/spec\.(teacher|dataset)/);
    },
  );

  test('beside the inputs is free, and so is a name that begins like theirs', async () => {
    const bucket = await s3().bucketWith({ 'models/teacher/model.json': '' });
    for (const output of ['models/teacher-student', 'models/student'])
      await expect(checkOutput(request(bucket, { output }))).resolves.toBeUndefined();
  });

  test('with objects that Blockstill has not written is left alone', async () => {
    const bucket = await s3().bucketWith({ 'students/small/model.json': 'precious' });
    await expect(checkOutput(request(bucket))).rejects.toMatchObject(taken);
    await expect(publish(request(bucket), student())).rejects.toThrow('model.json');
    const kept = await s3().store.read({ bucket, key: 'students/small/model.json' });
    expect(kept?.toString()).toBe('precious');
    expect(await s3().keys(bucket)).toEqual(['students/small/model.json']);
  });

  test('may hold the exchange, which lies below it unless the manifest says otherwise', async () => {
    const bucket = await s3().bucketWith({ 'students/small/.exchange/default/small-first/x': '' });
    await expect(checkOutput(request(bucket))).resolves.toBeUndefined();
  });

  test('of another job is refused, and so is one of the same name from other storage', async () => {
    const bucket = await s3().bucketWith({});
    await publish(request(bucket), student());
    await expect(checkOutput(request(bucket, { name: 'other' }))).rejects.toThrow(
      'The student of the job default/small lies in the output folder.',
    );
    const elsewhere = request(bucket, { uid: 'second', exchange: 's3://elsewhere/default/small-second' });
    await expect(publish(elsewhere, student())).rejects.toMatchObject(taken);
    await expect(checkOutput(elsewhere)).rejects.toThrow('also named default/small lies');
    await expect(checkOutput(request(bucket, { uid: 'second' }))).resolves.toBeUndefined();
  });

  test('of a job whose exchange is a folder is that job’s own', async () => {
    const bucket = await s3().bucketWith({});
    await mkdir(s3().path('store/default'), { recursive: true });
    const local = (uid: string, store: string) =>
      request(bucket, { uid, exchange: s3().path(store, 'default', `small-${uid}`) });
    await publish(local('first', 'store'), student());
    await expect(checkOutput(local('second', 'store'))).resolves.toBeUndefined();
    await expect(checkOutput(local('second', 'elsewhere'))).rejects.toMatchObject(taken);
  });

  test('goes to one of two jobs that find it empty at once', async () => {
    const bucket = await s3().bucketWith({});
    const jobs = ['a', 'b', 'c'].map((name) => request(bucket, { name }));
    const outcomes = await Promise.allSettled(jobs.map((job) => publish(job, student(job.job.name))));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(refusals).toEqual([expect.objectContaining(taken), expect.objectContaining(taken)]);
    const winner = jobs[outcomes.findIndex(({ status }) => status === 'fulfilled')]!;
    expect(await isPublished(winner, student(winner.job.name))).toBe(true);
    expect(await s3().keys(bucket, 'students/small')).toEqual([
      'blockstill.json',
      'model.json',
      'weights.bin',
    ]);
  });

  /** Lets a job publish whose claim comes only after `meanwhile`. */
  async function publishLate(bucket: string, meanwhile: () => Promise<unknown>): Promise<unknown> {
    await using proxy = await startFaultyProxy(s3().server.settings.endpoint, async ({ headers }) => {
      if ('if-none-match' in headers) await meanwhile();
      return undefined;
    });
    const late = request(bucket, { name: 'late' });
    const storage = { s3: { ...s3().server.settings, endpoint: proxy.endpoint } };
    return await publish({ ...late, spec: { ...late.spec, storage } }, student('late'));
  }

  test('that another job claims in between is left to it, claim and all', async () => {
    const bucket = await s3().bucketWith({});
    const key = 'students/small/.blockstill-publishing.json';
    const claim = JSON.stringify({ job: request(bucket).job, origin: '', digest: '' });
    const late = publishLate(bucket, () => s3().store.write({ bucket, key }, claim));
    await expect(late).rejects.toMatchObject(taken);
    expect((await s3().store.read({ bucket, key }))?.toString()).toBe(claim);
  });

  test('that another job fills in between is left to it, with no claim in it', async () => {
    const bucket = await s3().bucketWith({});
    const late = publishLate(bucket, () => publish(request(bucket), student()));
    await expect(late).rejects.toMatchObject(taken);
    expect(await isPublished(request(bucket), student())).toBe(true);
    expect(await s3().keys(bucket, 'students/small')).toEqual([
      'blockstill.json',
      'model.json',
      'weights.bin',
    ]);
  });

  test('that breaks off has no marker, and only its own job may begin it again', async () => {
    const bucket = await s3().bucketWith({});
    await publish(request(bucket), student());
    await rm(s3().path('made/model.json'));
    await expect(publish(request(bucket), student('new'))).rejects.toMatchObject({ code: 'ENOENT' });
    const left = await s3().keys(bucket, 'students/small');
    expect(left).not.toContain('blockstill.json');
    expect(left).toContain('.blockstill-publishing.json');
    await expect(checkOutput(request(bucket, { name: 'other' }))).rejects.toMatchObject(taken);
    await writeFile(s3().path('made/model.json'), 'topology');
    await publish(request(bucket), student('new'));
    expect(await isPublished(request(bucket), student('new'))).toBe(true);
    expect(await s3().keys(bucket, 'students/small')).toEqual([
      'blockstill.json',
      'model.json',
      'weights.bin',
    ]);
  });

  test('with a damaged marker is told as a sentence', async () => {
    const bucket = await s3().bucketWith({ 'students/small/blockstill.json': '{"job": 1}' });
    await expect(checkOutput(request(bucket))).rejects.toMatchObject({
      ...taken,
      where: `s3://${bucket}/students/small/blockstill.json`,
    });
  });
});

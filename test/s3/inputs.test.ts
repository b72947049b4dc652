import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JobSpec } from '../../worker/contract/job-spec.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { saveNetwork } from '../../worker/models/save.ts';
import { loadTeacher } from '../../worker/prepare/load-teacher.ts';
import { localPath } from '../../worker/prepare/resolve-inputs.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3 } from './use-s3.ts';

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('inputs on S3', () => {
  const s3 = useS3();
  let downloads = 0;
  const options = () => ({
    field: 'spec.dataset.train.uri',
    folder: s3().path(`downloads-${(downloads += 1)}`),
    s3: s3().server.settings,
    signal: AbortSignal.timeout(20_000),
  });
  const dataset = { preprocessing: {} } as JobSpec['dataset'];

  async function filesIn(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
  }

  async function bucketWithTeacher(): Promise<string> {
    const bucket = await s3().bucketWith({ 'models/vgg/checkpoint.ckpt': 'large and not needed' });
    await saveNetwork(await networkOf(vgg()), s3().path('teacher'));
    for (const name of ['model.json', 'weights.bin'])
      await s3().store.upload(s3().path('teacher', name), { bucket, key: `models/vgg/${name}` });
    return bucket;
  }

  test('a file keeps its name, and a folder the names below it', async () => {
    const bucket = await s3().bucketWith({
      'data/train.npz': 'arrays',
      'images/cats/1.png': 'cat',
      'images/dogs/1.png': 'dog',
      'images-old/1.png': 'old',
    });
    const file = await localPath(`s3://${bucket}/data/train.npz`, options());
    expect(file).toMatch(/\/data\/train\.npz$/);
    expect(await readFile(file, 'utf8')).toBe('arrays');
    const folder = await localPath(`s3://${bucket}/images/`, options());
    expect(await filesIn(folder)).toEqual(['cats/1.png', 'dogs/1.png']);
    expect(await readFile(join(folder, 'dogs/1.png'), 'utf8')).toBe('dog');
  });

  test('what several splits name is downloaded once', async () => {
    const bucket = await s3().bucketWith({ 'train.npz': 'arrays' });
    await using proxy = await startFaultyProxy(s3().server.settings.endpoint, () => undefined);
    const same = { ...options(), s3: { ...s3().server.settings, endpoint: proxy.endpoint } };
    for (let split = 0; split < 3; split++) await localPath(`s3://${bucket}/train.npz`, same);
    expect(proxy.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1);
  });

  test('a missing object or folder is bad input, with the field of the manifest', async () => {
    const bucket = await s3().bucketWith({ 'data/train.npz': '' });
    for (const path of ['data/tain.npz', 'data/train', 'other']) {
      await expect(localPath(`s3://${bucket}/${path}`, options())).rejects.toMatchObject({
        name: 'InvalidInputError',
        code: 'data/not-found',
        message: `There is no object or folder "s3://${bucket}/${path}".`,
        where: 'spec.dataset.train.uri',
      });
    }
  });

  test('a missing bucket is bad input, with the field of the manifest', async () => {
    await expect(localPath('s3://no-such-bucket/data', options())).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'storage/no-bucket',
      where: 'spec.dataset.train.uri s3://no-such-bucket/data',
    });
  });

  test.each(['models/vgg', 'models/vgg/', 'models/vgg/model.json'])(
    'a teacher is read from %s, with the files that it names and no others',
    async (path) => {
      const bucket = await bucketWithTeacher();
      const where = options();
      const teacher = await loadTeacher(
        { teacher: { uri: `s3://${bucket}/${path}` }, dataset } as never,
        where,
      );
      expect(teacher.name).toBe('vgg');
      expect(await filesIn(where.folder)).toEqual(
        ['model.json', 'weights.bin'].map((name) => `s3/${bucket}/models/vgg/${name}`),
      );
    },
  );

  test('a teacher whose model.json is not the pinned one is refused', async () => {
    const bucket = await bucketWithTeacher();
    const sha256 = createHash('sha256').update('another model').digest('hex');
    const teacher = { uri: `s3://${bucket}/models/vgg`, sha256 };
    await expect(loadTeacher({ teacher, dataset } as never, options())).rejects.toMatchObject({
      code: 'model/digest',
    });
  });

  test('a teacher without one of its weight files is bad input that names the object', async () => {
    const bucket = await bucketWithTeacher();
    await s3().store.remove([{ bucket, key: 'models/vgg/weights.bin' }]);
    const teacher = { uri: `s3://${bucket}/models/vgg` };
    await expect(loadTeacher({ teacher, dataset } as never, options())).rejects.toMatchObject({
      code: 'data/not-found',
      message: expect.stringContaining(`s3://${bucket}/models/vgg/weights.bin`) as unknown,
      where: 'spec.teacher.uri',
    });
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { localPath, resolveDataset } from './resolve-inputs.ts';

const http = useHttpMock();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inputs-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const content = 'weights';
const sha256 = createHash('sha256').update(content).digest('hex');
const s3 = { region: 'us-east-1', forcePathStyle: false };
const options = () => ({ field: 'spec.teacher.uri', folder, s3, signal: AbortSignal.timeout(10_000) });

test('a file is found where its URI says, blanks and all', async () => {
  const path = join(folder, 'my data.npz');
  await writeFile(path, '');
  expect(await localPath(pathToFileURL(path).href, options())).toBe(path);
});

test('a missing file is told with the field of the manifest', async () => {
  await expect(localPath('file:///nowhere/data.npz', options())).rejects.toMatchObject({
    code: 'data/not-found',
    where: 'spec.teacher.uri',
  });
});

test('https is downloaded once and checked', async () => {
  http('https://models.example').get('/vgg/model.json').reply(200, content);
  const first = await localPath('https://models.example/vgg/model.json', { ...options(), sha256 });
  const second = await localPath('https://models.example/vgg/model.json', { ...options(), sha256 });
  expect(await readFile(first, 'utf8')).toBe(content);
  expect(second).toBe(first);
});

test('a download with another digest is refused and not kept', async () => {
  http('https://models.example').get('/model.json').twice().reply(200, 'something else');
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(
      localPath('https://models.example/model.json', { ...options(), sha256 }),
    ).rejects.toMatchObject({ code: 'data/digest' });
  }
});

test('a server that refuses is told with its answer', async () => {
  http('https://models.example').get('/model.json').reply(403);
  await expect(
    localPath('https://models.example/model.json', { ...options(), sha256 }),
  ).rejects.toMatchObject({
    code: 'storage/download',
    message: expect.stringContaining('403'),
  });
});

test('a split that is a fraction stays one, labels are resolved beside their images', async () => {
  await writeFile(join(folder, 'x.idx'), '');
  await writeFile(join(folder, 'y.idx'), '');
  const dataset = await resolveDataset(
    {
      format: 'IDX',
      train: {
        uri: pathToFileURL(join(folder, 'x.idx')).href,
        labelsUri: pathToFileURL(join(folder, 'y.idx')).href,
      },
      validation: { fraction: 0.1 },
      preprocessing: { channelOrder: 'RGB', rescale: 1, mean: [], std: [] },
      augmentation: {
        horizontalFlip: false,
        shiftCrop: 0,
        rotation: 0,
        brightness: 0,
        contrast: 0,
        saturation: 0,
        passes: 0,
      },
    },
    { folder, s3, signal: AbortSignal.timeout(10_000) },
  );
  expect(dataset.train).toMatchObject({ path: join(folder, 'x.idx'), labelsPath: join(folder, 'y.idx') });
  expect(dataset.validation).toEqual({ fraction: 0.1 });
  expect(dataset.test).toBeUndefined();
});

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOfModel } from '../../common/model-files.ts';
import { useHttpMock } from '../../test/http.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { vgg } from '../models/testing/families.ts';
import { networkOf } from '../models/testing/reference.ts';
import { saveNetwork } from '../models/save.ts';
import { loadTeacher } from './load-teacher.ts';

const http = useHttpMock();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'teacher-'));
  await saveNetwork(await networkOf(vgg()), join(folder, 'model'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const dataset = { preprocessing: {} } as JobSpec['dataset'];
const s3 = { region: 'us-east-1', forcePathStyle: false };
const options = () => ({ folder: join(folder, 'downloads'), s3, signal: AbortSignal.timeout(20_000) });
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('a model on a web server is loaded with the weight files beside it', async () => {
  const json = await readFile(join(folder, 'model/model.json'));
  const weights = await readFile(join(folder, 'model/weights.bin'));
  http('https://models.example')
    .get('/vgg/model.json')
    .reply(200, json)
    .get('/vgg/weights.bin')
    .reply(200, weights);
  const uri = 'https://models.example/vgg/model.json';
  const network = await loadTeacher(
    { dataset, teacher: { uri, format: 'LayersModel', sha256: digestOf(json) } },
    options(),
  );
  expect(network.weights).toEqual((await networkOf(vgg())).weights);
});

test('a model on a web server cannot send the reader elsewhere for its weights', async () => {
  const json = (await readFile(join(folder, 'model/model.json'), 'utf8')).replace(
    'weights.bin',
    '../secret.bin',
  );
  http('https://models.example').get('/vgg/model.json').reply(200, json);
  const teacher = {
    uri: 'https://models.example/vgg/model.json',
    format: 'LayersModel',
    sha256: digestOf(Buffer.from(json)),
  } as const;
  await expect(loadTeacher({ dataset, teacher }, options())).rejects.toMatchObject({
    code: expect.stringMatching(/^model\//),
  });
});

test('a web server that never ends is not read to the end of memory', async () => {
  const json = await readFile(join(folder, 'model/model.json'));
  let sent = 0;
  async function* endless(): AsyncIterable<Buffer> {
    for (;;) {
      sent += 2 ** 16;
      yield Buffer.alloc(2 ** 16);
      // Lets the reader have its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  http('https://models.example')
    .get('/vgg/model.json')
    .reply(200, json)
    .get('/vgg/weights.bin')
    .reply(200, () => Readable.from(endless()));
  const uri = 'https://models.example/vgg/model.json';
  const teacher = { uri, format: 'LayersModel', sha256: digestOf(json) } as const;
  await expect(loadTeacher({ dataset, teacher }, options())).rejects.toMatchObject({
    code: 'model/shard-length',
  });
  expect(sent).toBeLessThan(2 ** 26);
});

test('a model.json that is not the pinned one is refused', async () => {
  const uri = pathToFileURL(join(folder, 'model')).href;
  await expect(
    loadTeacher({ dataset, teacher: { uri, format: 'LayersModel', sha256: '0'.repeat(64) } }, options()),
  ).rejects.toMatchObject({
    code: 'model/digest',
  });
});

test('a teacher is refused that is not the one with which its job began', async () => {
  const path = join(folder, 'model');
  const digest = await digestOfModel(path);
  const teacher = { uri: pathToFileURL(path).href, format: 'LayersModel' } as const;
  await expect(loadTeacher({ dataset, teacher }, { ...options(), digest })).resolves.toBeDefined();
  const weights = await readFile(join(path, 'weights.bin'));
  await writeFile(
    join(path, 'weights.bin'),
    weights.map((byte, index) => (index === 0 ? byte ^ 1 : byte)),
  );
  await expect(loadTeacher({ dataset, teacher }, { ...options(), digest })).rejects.toMatchObject({
    code: 'model/changed',
    message: 'The teacher was replaced while the job began.',
  });
});

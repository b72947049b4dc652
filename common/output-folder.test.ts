import { mkdir, mkdtempDisposable, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { digestOfBytes } from './digest.ts';
import { InvalidInputError } from './error.ts';
import { checkOutput, isPublished, publish, type OutputRequest } from './output-folder.ts';

const taken = { code: 'storage/output-taken' };

/** A project with a teacher and data, and a student that waits to be published. */
async function project() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'output-'));
  const path = (...parts: string[]): string => join(folder.path, ...parts);
  for (const name of ['teacher', 'images/cats', 'made', 'store/default']) {
    await mkdir(path(name), { recursive: true });
  }
  await writeFile(path('teacher/model.json'), 'teacher');
  await writeFile(path('labels.idx'), 'labels');
  await writeFile(path('made/model.json'), 'topology');
  await writeFile(path('made/weights.bin'), 'weights');
  const request = (changes: { output?: string; name?: string; uid?: string; store?: string } = {}) => {
    const { output = 'student', name = 'small', uid = 'first', store = 'store' } = changes;
    const uri = (below: string): string => pathToFileURL(path(below)).href;
    return {
      job: { namespace: 'default', name, uid },
      spec: {
        output: { uri: uri(output) },
        storage: { s3: { region: 'us-east-1', forcePathStyle: false } },
        teacher: { uri: uri('teacher') },
        dataset: {
          train: { uri: uri('images'), labelsUri: uri('labels.idx') },
          validation: { fraction: 0.1 },
        },
      },
      exchange: path(store, 'default', `${name}-${uid}`),
    } satisfies OutputRequest;
  };
  const student = {
    folder: path('made'),
    artifacts: [
      { path: 'student/model.json', bytes: 8 },
      { path: 'student/weights.bin', bytes: 7 },
    ],
    digest: digestOfBytes('student'),
  };
  return { path, request, student, [Symbol.asyncDispose]: () => folder.remove() };
}

describe('checking an output folder', () => {
  test('one that does not exist yet is fine, and nothing is left of the check', async () => {
    await using job = await project();
    const before = await readdir(job.path());
    await checkOutput(job.request({ output: 'deep/below/student' }));
    expect(await readdir(job.path())).toEqual(before);
  });

  test.each(['teacher', '.', 'teacher/student', 'images', 'images/cats/student'])(
    'one that is, holds or lies in the folder of an input is refused: %s',
    async (output) => {
      await using job = await project();
      const checked = checkOutput(job.request({ output }));
      await expect(checked).rejects.toMatchObject(taken);
      await expect(checked).rejects.toThrow(/spec\.(teacher|dataset)/);
    },
  );

  test('a symbolic link to the teacher is the teacher', async () => {
    await using job = await project();
    await symlink(job.path('teacher'), job.path('link'));
    await expect(checkOutput(job.request({ output: 'link' }))).rejects.toMatchObject(taken);
  });

  test('files that Blockstill has not written are left alone', async () => {
    await using job = await project();
    await mkdir(job.path('student'));
    await writeFile(job.path('student/model.json'), 'precious');
    await expect(checkOutput(job.request())).rejects.toThrow('model.json');
    await expect(publish(job.request(), job.student)).rejects.toBeInstanceOf(InvalidInputError);
    expect(await readFile(job.path('student/model.json'), 'utf8')).toBe('precious');
    expect(await readdir(job.path('student'))).toEqual(['model.json']);
  });

  test('folders below, and what a killed write left, do no harm', async () => {
    await using job = await project();
    await mkdir(job.path('student/.exchange'), { recursive: true });
    await writeFile(job.path('student/.blockstill.a0b1c2d3-0000-4000-8000-0123456789ab.tmp'), '');
    await expect(checkOutput(job.request())).resolves.toBeUndefined();
  });

  test.each(['{"job": {"uid', '{"job": 1}', ''])(
    'a damaged marker is told as a sentence: %s',
    async (text) => {
      await using job = await project();
      await mkdir(job.path('student'));
      await writeFile(job.path('student/blockstill.json'), text);
      const checked = checkOutput(job.request());
      await expect(checked).rejects.toBeInstanceOf(InvalidInputError);
      await expect(checked).rejects.toMatchObject({ where: job.path('student/blockstill.json') });
    },
  );

  test('a marker that can not be read is not taken for none', async () => {
    await using job = await project();
    await mkdir(job.path('student/blockstill.json'), { recursive: true });
    await expect(checkOutput(job.request())).rejects.toMatchObject({ code: 'storage/unreadable' });
  });

  test('a path through a file is bad input', async () => {
    await using job = await project();
    const checked = checkOutput(job.request({ output: 'made/model.json/student' }));
    await expect(checked).rejects.toBeInstanceOf(InvalidInputError);
    await expect(checked).rejects.toMatchObject({ code: 'storage/not-writable' });
  });

  test('only folders and buckets can be written', async () => {
    await using job = await project();
    const { spec, ...rest } = job.request();
    const request = { ...rest, spec: { ...spec, output: { uri: 'https://models.example/student' } } };
    await expect(checkOutput(request)).rejects.toMatchObject({ code: 'storage/unsupported-uri' });
  });
});

describe('publishing', () => {
  test('puts the files and a marker into the folder, and nothing else', async () => {
    await using job = await project();
    expect(await isPublished(job.request(), job.student)).toBe(false);
    expect(await publish(job.request(), job.student)).toBe(job.request().spec.output.uri);
    expect((await readdir(job.path('student'))).sort()).toEqual([
      'blockstill.json',
      'model.json',
      'weights.bin',
    ]);
    expect(await readFile(job.path('student/weights.bin'), 'utf8')).toBe('weights');
    expect(await isPublished(job.request(), job.student)).toBe(true);
  });

  test('a missing file, another size or another digest is not the student', async () => {
    await using job = await project();
    await publish(job.request(), job.student);
    expect(await isPublished(job.request(), { ...job.student, digest: digestOfBytes('other') })).toBe(false);
    await writeFile(job.path('student/weights.bin'), 'cut');
    expect(await isPublished(job.request(), job.student)).toBe(false);
    await rm(job.path('student/weights.bin'));
    expect(await isPublished(job.request(), job.student)).toBe(false);
  });

  test('an edited manifest may publish over its earlier student', async () => {
    await using job = await project();
    await publish(job.request(), job.student);
    await checkOutput(job.request({ uid: 'second' }));
    await publish(job.request({ uid: 'second' }), job.student);
    const marker: unknown = JSON.parse(await readFile(job.path('student/blockstill.json'), 'utf8'));
    expect(marker).toMatchObject({ job: { uid: 'second' }, origin: '../store/default' });
  });

  test('another job may not, nor another manifest of the same name elsewhere', async () => {
    await using job = await project();
    await publish(job.request(), job.student);
    await expect(checkOutput(job.request({ name: 'other' }))).rejects.toMatchObject(taken);
    const elsewhere = job.request({ uid: 'second', store: 'elsewhere' });
    await expect(checkOutput(elsewhere)).rejects.toThrow('also named default/small');
    await expect(publish(elsewhere, job.student)).rejects.toMatchObject(taken);
    await expect(checkOutput({ ...elsewhere, exchange: undefined })).resolves.toBeUndefined();
  });

  test('the very same job may, wherever its storage is', async () => {
    await using job = await project();
    await publish(job.request(), job.student);
    await expect(checkOutput(job.request({ store: 'elsewhere' }))).resolves.toBeUndefined();
  });

  test('one that breaks off leaves no marker, and only its own job may begin it again', async () => {
    await using job = await project();
    await publish(job.request(), job.student);
    await rm(job.path('made/model.json'));
    await expect(publish(job.request(), job.student)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(job.path('student'))).not.toContain('blockstill.json');
    await expect(checkOutput(job.request({ name: 'other' }))).rejects.toMatchObject(taken);
    await writeFile(job.path('made/model.json'), 'topology');
    await publish(job.request(), job.student);
    expect(await isPublished(job.request(), job.student)).toBe(true);
  });
});

import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { givenLibrary } from './library.ts';

async function folderWith(...files: string[]) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-library-'));
  for (const file of files) {
    await mkdir(dirname(join(folder.path, file)), { recursive: true });
    await writeFile(join(folder.path, file), file);
  }
  return folder;
}

test('an unpacked C library is accepted as it is published', async () => {
  await using folder = await folderWith(
    'lib/libtensorflow.so.2',
    'lib/libtensorflow_framework.so.2',
    'include/tensorflow/c/c_api.h',
  );
  const library = await givenLibrary(folder.path);
  expect(library).toMatchObject({ libraryFolder: join(folder.path, 'lib'), main: 'libtensorflow.so.2' });
});

test('the tensorflow folder of a Python installation is accepted', async () => {
  await using folder = await folderWith(
    'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2',
    'include/tensorflow/c/c_api.h',
  );
  const library = await givenLibrary(folder.path);
  expect(library).toMatchObject({ libraryFolder: folder.path, main: 'libtensorflow_cc.so.2' });
});

test('another library in the same folder has another identity', async () => {
  await using folder = await folderWith(
    'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2',
    'include/tensorflow/c/c_api.h',
  );
  const before = await givenLibrary(folder.path);
  await writeFile(join(folder.path, 'libtensorflow_cc.so.2'), 'a longer file of another version');
  expect((await givenLibrary(folder.path)).identity).not.toBe(before.identity);
});

test('a folder without the headers is refused with what was looked for', async () => {
  await using folder = await folderWith('lib/libtensorflow.so.2', 'lib/libtensorflow_framework.so.2');
  await expect(givenLibrary(folder.path)).rejects.toMatchObject({
    code: 'setup/not-tensorflow',
    where: `BLOCKSTILL_TENSORFLOW_DIR=${folder.path}`,
    hint: expect.stringContaining('include/tensorflow/c/c_api.h') as unknown,
  });
});

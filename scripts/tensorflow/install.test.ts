import { lstat, mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { install, installedAddon, installedLibraries } from './install.ts';
import type { TensorflowLibrary } from './library.ts';

async function machine() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-install-'));
  const libraryFolder = join(folder.path, 'cache');
  await mkdir(libraryFolder);
  await writeFile(join(libraryFolder, 'libtensorflow_cc.so.2'), 'library');
  await writeFile(join(libraryFolder, 'libtensorflow_framework.so.2'), 'framework');
  const addon = join(folder.path, 'addon.node');
  await writeFile(addon, 'addon');
  const library: TensorflowLibrary = {
    origin: 'test',
    identity: 'sha256:0',
    libraryFolder,
    main: 'libtensorflow_cc.so.2',
    includeFolder: folder.path,
  };
  const packageFolder = join(folder.path, 'package');
  return { library, addon, packageFolder, [Symbol.asyncDispose]: async () => await folder.remove() };
}

// Each way over each other way: linked over copied and copied over linked are the ones that plain renames refuse.
test.each([
  [false, true],
  [true, false],
  [true, true],
  [false, false],
])('copy %j after copy %j leaves a library that can be read', async (second, first) => {
  await using setting = await machine();
  const { packageFolder, library, addon } = setting;
  await install(packageFolder, { library, addon, copy: first });
  await install(packageFolder, { library, addon, copy: second });
  const lib = installedLibraries(packageFolder);
  expect(await readFile(join(lib, library.main), 'utf8')).toBe('library');
  expect((await lstat(lib)).isSymbolicLink()).toBe(!second);
  expect(await readFile(installedAddon(packageFolder), 'utf8')).toBe('addon');
});

test('a copy holds the two libraries and needs the cache no more', async () => {
  await using setting = await machine();
  await install(setting.packageFolder, { ...setting, copy: true });
  const names = await readdir(installedLibraries(setting.packageFolder));
  expect(names.toSorted()).toEqual(['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']);
});

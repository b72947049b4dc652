import { spawnSync } from 'node:child_process';
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeProgram, zipOf } from './fake-wheel.ts';
import { fetchLibrary, removeLeftovers } from './fetch-library.ts';
import { isIntact } from './library.ts';
import type { Release } from './release.ts';

const release: Release = {
  distribution: 'tensorflow-cpu',
  version: '2.20.0',
  wheel: `sha256:${'0'.repeat(64)}`,
  wheelBytes: 1000,
};
const wheelFiles = {
  'tensorflow/libtensorflow_cc.so.2': 'the library',
  'tensorflow/libtensorflow_framework.so.2': 'its framework',
  'tensorflow/include/tensorflow/c/c_api.h': '// header',
  'tensorflow/include/LICENSE': 'Apache',
  'tensorflow/THIRD_PARTY_NOTICES.txt': 'notices',
  'tensorflow/python/ops.py': 'import this',
};
const options = {
  output: { write: () => undefined, isTerminal: false },
  signal: new AbortController().signal,
};

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A cache and a pip that delivers `files` as the wheel. */
async function cacheWithPip(files: Readonly<Record<string, string>>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-fetch-'));
  const wheel = join(folder.path, 'the.whl');
  await writeFile(wheel, zipOf(files));
  const script = `for word; do case $word in --dest=*) cp '${wheel}' "\${word#--dest=}";; esac; done`;
  vi.stubEnv('PATH', await fakeProgram(folder.path, 'python3', script));
  const cache = join(folder.path, 'cache');
  return { cache, library: join(cache, 'library'), [Symbol.asyncDispose]: async () => await folder.remove() };
}

test('the libraries, the headers of the C API and the licences are kept, the rest of the wheel is not', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  await fetchLibrary(release, setting.library, options);
  expect((await readdir(setting.library, { recursive: true })).toSorted()).toEqual([
    'LICENSE',
    'THIRD_PARTY_NOTICES.txt',
    'include',
    'include/tensorflow',
    'include/tensorflow/c',
    'include/tensorflow/c/c_api.h',
    'lib',
    'lib/libtensorflow_cc.so.2',
    'lib/libtensorflow_framework.so.2',
    'manifest.json',
  ]);
  expect(await readFile(join(setting.library, 'lib/libtensorflow_cc.so.2'), 'utf8')).toBe('the library');
  expect(await isIntact(setting.library, release.wheel)).toBe(true);
});

test('nothing but the library stays in the cache', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  await fetchLibrary(release, setting.library, options);
  expect(await readdir(setting.cache)).toEqual(['library']);
});

test('a damaged library is not intact, and fetching replaces it', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  await fetchLibrary(release, setting.library, options);
  // Of the same length, so that only its digest can tell.
  await writeFile(join(setting.library, 'lib/libtensorflow_cc.so.2'), 'the LIBRARY');
  expect(await isIntact(setting.library, release.wheel)).toBe(false);
  await fetchLibrary(release, setting.library, options);
  expect(await isIntact(setting.library, release.wheel)).toBe(true);
});

test('a library of another wheel is not taken for this one', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  await fetchLibrary(release, setting.library, options);
  expect(await isIntact(setting.library, `sha256:${'1'.repeat(64)}`)).toBe(false);
});

test('an interrupted set-up leaves nothing behind', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  await expect(
    fetchLibrary(release, setting.library, { ...options, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ name: 'AbortError' });
  expect(await readdir(setting.cache)).toEqual([]);
});

test('what a killed set-up left behind is removed, what a running one works on is not', async () => {
  await using setting = await cacheWithPip(wheelFiles);
  const ended = spawnSync('true').pid;
  await mkdir(join(setting.cache, `.partial-${hostname()}-${ended}`), { recursive: true });
  const running = `.partial-${hostname()}-${process.ppid}`;
  await mkdir(join(setting.cache, running));
  await fetchLibrary(release, setting.library, options);
  await removeLeftovers(setting.cache);
  expect((await readdir(setting.cache)).toSorted()).toEqual([running, 'library']);
});

test('a wheel without the libraries is refused by name', async () => {
  await using setting = await cacheWithPip({ 'tensorflow/libtensorflow_cc.so.2': 'the library' });
  await expect(fetchLibrary(release, setting.library, options)).rejects.toMatchObject({
    code: 'setup/download-failed',
    message: 'the.whl holds no libtensorflow_framework.so.2.',
  });
});

import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readdir } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makeWorkFolder } from './work-folder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('what a killed process has left is removed, what a living one uses stays', async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), 'blockstill-work-'));
  vi.stubEnv('TMPDIR', place.path);
  const first = await makeWorkFolder();
  // No process has a number above the kernel's greatest, 2^22.
  const leftover = join(place.path, `blockstill-cluster-${hostname()}-4194305-abcdef`);
  await mkdir(join(leftover, 'log'), { recursive: true });
  const second = await makeWorkFolder();
  expect(existsSync(leftover)).toBe(false);
  expect((await readdir(place.path)).toSorted()).toEqual(
    [first, second].map((path) => path.slice(place.path.length + 1)).toSorted(),
  );
});

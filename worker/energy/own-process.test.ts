import { mkdtempDisposable, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownProcess } from './own-process.ts';

test.each([
  { name: 'the namespace of the machine', target: 'pid:[4026531836]', known: true },
  { name: "a container's namespace", target: 'pid:[4026532759]', known: false },
])('a process in $name', async ({ target, known }) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'namespace-'));
  const link = join(folder.path, 'pid');
  await symlink(target, link);
  expect(ownProcess(link)).toBe(known ? process.pid : undefined);
});

test('without /proc nothing is known of process ids', () => {
  expect(ownProcess('/nowhere/pid')).toBeUndefined();
});

import { mkdtempDisposable, readdir, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from './bundle.ts';
import { runCommand } from './tensorflow/command.ts';

const root = dirname(import.meta.dirname);

test('the bundled worker runs away from the checkout, with the packages that it has to bring along', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  await bundle(folder.path);
  const worker = join(folder.path, 'worker.mjs');
  const missing = await runCommand(process.execPath, [worker]);
  expect(missing.stderr).toContain("Cannot find package 'sharp'");
  await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  const result = await runCommand(process.execPath, [worker]);
  expect(result.code, result.stderr).toBe(64);
  expect(result.stderr).toContain('unit/usage');
});

test('the same sources give the same bytes in any folder, and nothing of TensorFlow.js is in them', async () => {
  await using one = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  const other = join(one.path, 'deeper', 'folder');
  await bundle(one.path);
  await bundle(other);
  const names = (await readdir(other)).sort();
  expect(names).toContain('progress-thread.mjs');
  for (const name of names) {
    const bytes = await readFile(join(other, name));
    expect(bytes.equals(await readFile(join(one.path, name))), name).toBe(true);
    expect(bytes.includes(root), name).toBe(false);
    expect(bytes.includes('node_modules/@tensorflow'), name).toBe(false);
  }
});

import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';

const root = dirname(dirname(import.meta.dirname));

test('the bundled worker starts without any package', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  await bundle(folder.path);
  const result = await runCommand(process.execPath, [join(folder.path, 'worker.mjs')]);
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

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { at } from '../decide/builders.ts';
import { readStatusFile, StatusFile } from './status-file.ts';

test('a status with a figure that is no number is written without it, and can be read again', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/status-file-`);
  const speedup = { parallelSeconds: 10, serialSeconds: Infinity, value: NaN };
  await new StatusFile(folder.path).write({ phase: 'Distilling', speedup }, at(0));
  const found = await readStatusFile(folder.path);
  expect(found?.status).toEqual({ phase: 'Distilling', speedup: { parallelSeconds: 10 } });
});

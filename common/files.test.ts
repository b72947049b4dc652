import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asStorageError, writeFileAtomically } from './files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a write that breaks off leaves the old content and no temporary file', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  async function* broken() {
    yield new TextEncoder().encode('new');
    throw new Error('broke off');
  }
  await expect(writeFileAtomically(path, broken())).rejects.toThrow('broke off');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

test('missing folders are made', async () => {
  await writeFileAtomically(join(folder, 'a', 'b', 'file'), 'content');
  expect(await readFile(join(folder, 'a', 'b', 'file'), 'utf8')).toBe('content');
});

test('a path through a file is told as a sentence', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(writeFileAtomically(join(folder, 'file', 'below'), '')).rejects.toMatchObject({
    code: 'storage/not-writable',
  });
});

test('a full disk is told as a sentence', () => {
  const error = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(asStorageError(error, '/data/x')).toMatchObject({ code: 'storage/no-space', where: '/data/x' });
});

import { chmod, mkdir, mkdtempDisposable, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { settle } from './image-file.ts';

async function laidOut(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'layout-'));
  await mkdir(join(folder.path, 'app'), { mode: 0o700 });
  await mkdir(join(folder.path, 'tmp'));
  await chmod(join(folder.path, 'tmp'), 0o1777);
  await writeFile(join(folder.path, 'app', 'text'), '', { mode: 0o600 });
  await writeFile(join(folder.path, 'app', 'program'), '', { mode: 0o700 });
  await chmod(join(folder.path, 'app', 'program'), 0o4775);
  return folder;
}

test('modes and times of a layout say nothing of who made it and when, and no program runs as another user', async () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', '1700000000');
  await using folder = await laidOut();
  await settle(folder.path);
  const facts = async (name: string) => {
    const { mode, mtimeMs } = await stat(join(folder.path, name));
    return [mode & 0o7777, mtimeMs];
  };
  expect(await facts('app/text')).toEqual([0o644, 1_700_000_000_000]);
  expect(await facts('app/program')).toEqual([0o755, 1_700_000_000_000]);
  expect(await facts('app')).toEqual([0o755, 1_700_000_000_000]);
  expect(await facts('tmp')).toEqual([0o1777, 1_700_000_000_000]);
  expect(await facts('.')).toEqual([0o755, 1_700_000_000_000]);
});

test('without a time, files are of 1970; a time that is none is refused', async () => {
  await using folder = await laidOut();
  vi.stubEnv('SOURCE_DATE_EPOCH', undefined);
  await settle(folder.path);
  expect((await stat(join(folder.path, 'app/text'))).mtimeMs).toBe(0);
  vi.stubEnv('SOURCE_DATE_EPOCH', 'yesterday');
  await expect(settle(folder.path)).rejects.toMatchObject({ code: 'setup/usage' });
});

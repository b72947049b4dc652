import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageSuite, whyNoImageBuilder } from '../../scripts/images/image-builder.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { makeStorageFolder, removeStorageFolder } from './storage-folder.ts';

describe.skipIf(cannotRun(imageSuite, await whyNoImageBuilder()))('folders for images', () => {
  test('of a process that is gone are removed, with what is mounted in them; those of others stay', async () => {
    const { pid } = spawnSync('true');
    const left = join(tmpdir(), `blockstill-images-${hostname()}-${pid}-left`);
    await mkdir(join(left, 'storage'), { recursive: true });
    expect((await runCommand('mount', ['-t', 'tmpfs', 'tmpfs', join(left, 'storage')])).code).toBe(0);
    const own = await makeStorageFolder();
    const another = await makeStorageFolder();
    expect([await isThere(left), await isThere(own)]).toEqual([false, true]);
    await removeStorageFolder(own);
    await removeStorageFolder(another);
    expect(await isThere(own)).toBe(false);
  });
});

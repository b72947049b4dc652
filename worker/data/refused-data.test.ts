import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { materialiseDataset } from './materialise.ts';
import { arrays, count, expected, labels, specFor, workplace } from './sample-dataset.ts';
import { bytesOf, npy } from './sample-files.ts';

describe('materialising refuses', () => {
  const base = { seed: 1, expected };

  it.each([
    [
      'images of another size',
      { height: 4, width: 4, channels: 3, classes: 2 },
      'data/image-shape',
      /1x2x1.*4x4x3/,
    ],
    [
      'labels beyond the classes',
      { ...expected, classes: 1 },
      'data/label-out-of-range',
      /Record 1 has the label 1/,
    ],
  ])('%s', async (_what, wrong, code, message) => {
    await using place = await workplace();
    const refused = materialiseDataset(specFor(place.archive), {
      ...base,
      expected: wrong,
      folder: place.folder,
    });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(readdir(place.folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('labels that start from 1, saying so', async () => {
    await using place = await workplace({
      ...arrays,
      'y_train.npy': npy(
        '|u1',
        [count],
        labels.map((label) => label + 1),
      ),
    });
    await expect(
      materialiseDataset(specFor(place.archive), { ...base, folder: place.folder }),
    ).rejects.toMatchObject({
      code: 'data/label-out-of-range',
      hint: expect.stringContaining('subtract 1'),
    });
  });

  it('NaN, naming the record', async () => {
    const images = npy('<f4', [3, 1, 2, 1], bytesOf(Float32Array.of(0, 1, 2, NaN, 4, 5)));
    await using place = await workplace({ 'x.npy': images });
    const spec = specFor(place.archive, { validation: { path: place.archive } });
    await expect(materialiseDataset(spec, { ...base, folder: place.folder })).rejects.toMatchObject({
      code: 'data/not-finite',
      message: 'Record 1 has the value NaN at position 1.',
    });
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('a file with another digest', async () => {
    await using place = await workplace();
    const spec = specFor(place.archive, { train: { path: place.archive, sha256: '0'.repeat(64) } });
    await expect(materialiseDataset(spec, { ...base, folder: place.folder })).rejects.toMatchObject({
      code: 'data/digest',
      where: place.archive,
    });
  });

  it('training and test data of different types', async () => {
    const floats = npy('<f4', [1, 1, 2, 1], bytesOf(Float32Array.of(0, 1)));
    await using place = await workplace({
      ...arrays,
      'x_test.npy': floats,
      'y_test.npy': npy('|u1', [1], Uint8Array.of(0)),
    });
    const spec = specFor(place.archive, { test: { path: place.archive } });
    await expect(materialiseDataset(spec, { ...base, folder: place.folder })).rejects.toMatchObject({
      code: 'data/dtype-mismatch',
    });
  });

  it('a class count that is not the teacher’s', async () => {
    await using place = await workplace();
    for (const name of ['a', 'b', 'c']) {
      await mkdir(join(place.path, 'train', name), { recursive: true });
      await sharp(Buffer.from([1, 1]), { raw: { width: 2, height: 1, channels: 1 } })
        .png()
        .toFile(join(place.path, 'train', name, 'x.png'));
    }
    const spec = specFor('', { format: 'ImageFolder', train: { path: join(place.path, 'train') } });
    await expect(materialiseDataset(spec, { ...base, folder: place.folder })).rejects.toMatchObject({
      code: 'data/class-count',
      message: 'The data has 3 classes; the teacher has 2.',
    });
  });
});

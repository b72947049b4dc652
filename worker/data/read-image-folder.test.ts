import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readImageFolder } from './read-image-folder.ts';
import { allRows } from './record-source.ts';
import type { RecordSource } from './record-source.ts';
import { temporaryFolder } from './sample-files.ts';

async function image(channels: 1 | 3 | 4, width: number, pixels: readonly number[]): Promise<Buffer> {
  const raw = { width, height: pixels.length / channels / width, channels };
  const picture = sharp(Uint8Array.from(pixels), { raw });
  return await (channels === 1 ? picture.toColourspace('b-w') : picture).png().toBuffer();
}

async function recordsOf(source: RecordSource): Promise<number[][]> {
  const records: number[][] = [];
  for await (const record of source.records(allRows(source.count))) records.push([...record]);
  return records;
}

async function write(folder: string, files: Readonly<Record<string, Buffer | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

const onePixel = { height: 1, width: 1, channels: 3 };
const strict = { image: onePixel, resize: undefined };

describe('an image folder', () => {
  it('numbers its classes by name and reads the images of each at any depth', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, {
      'dog/b.png': await image(3, 1, [1, 2, 3]),
      'cat/z.png': await image(1, 1, [7]),
      'cat/images/a.PNG': await image(4, 1, [4, 5, 6, 0]),
      'cat/notes.txt': 'not an image',
      'cat/.hidden.png': 'not an image',
    });
    const source = await readImageFolder({ path: folder.path }, strict);
    expect(source).toMatchObject({ count: 3, classes: 2, classNames: ['cat', 'dog'], dtype: 'uint8' });
    expect(await source.labels()).toEqual(Int32Array.of(0, 0, 1));
    // Grey becomes three equal channels; transparency is dropped without blending.
    expect(await recordsOf(source)).toEqual([
      [7, 7, 7],
      [4, 5, 6],
      [1, 2, 3],
    ]);
  });

  it('decodes JPEG, to grey if that is what the teacher takes', async () => {
    await using folder = await temporaryFolder();
    const grey = await sharp(Buffer.alloc(64, 100), { raw: { width: 8, height: 8, channels: 1 } })
      .jpeg()
      .toBuffer();
    await write(folder.path, { 'a/x.jpeg': grey });
    const source = await readImageFolder(
      { path: folder.path },
      { image: { height: 8, width: 8, channels: 1 }, resize: undefined },
    );
    expect(await recordsOf(source)).toEqual([Array.from({ length: 64 }, () => 100)]);
  });

  it('without class folders has no labels', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, { 'x.png': await image(3, 1, [1, 2, 3]) });
    const source = await readImageFolder({ path: folder.path }, strict);
    expect(await source.labels()).toBeUndefined();
    expect(source).toMatchObject({ count: 1, classes: undefined });
  });

  it('resizes only when told how', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, { 'a/x.png': await image(3, 2, [0, 0, 0, 100, 100, 100]) });
    await expect(recordsOf(await readImageFolder({ path: folder.path }, strict))).rejects.toMatchObject({
      code: 'data/image-shape',
      where: join(folder.path, 'a', 'x.png'),
      hint: expect.stringContaining('resize'),
    });
    const resized = await readImageFolder({ path: folder.path }, { image: onePixel, resize: 'Bilinear' });
    expect(await recordsOf(resized)).toEqual([[50, 50, 50]]);
  });

  it('uses the class numbers of the training data for the other parts', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, { 'dog/x.png': await image(3, 1, [1, 2, 3]) });
    const source = await readImageFolder({ path: folder.path }, { ...strict, classNames: ['cat', 'dog'] });
    expect(await source.labels()).toEqual(Int32Array.of(1));
    const unknown = readImageFolder({ path: folder.path }, { ...strict, classNames: ['cat', 'cow'] });
    await expect(unknown).rejects.toMatchObject({
      code: 'data/class-names',
      where: join(folder.path, 'dog'),
    });
  });

  it('names the image that cannot be decoded', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, {
      'a/good.png': await image(3, 1, [1, 2, 3]),
      'a/bad.png': (await image(3, 1, [1, 2, 3])).subarray(0, 45),
    });
    const source = await readImageFolder({ path: folder.path }, strict);
    await expect(recordsOf(source)).rejects.toMatchObject({
      code: 'data/corrupt-image',
      where: join(folder.path, 'a', 'bad.png'),
    });
  });

  it('that is empty, or has an empty class, or mixes images and classes, is refused', async () => {
    await using folder = await temporaryFolder();
    const path = folder.path;
    await expect(readImageFolder({ path }, strict)).rejects.toMatchObject({
      code: 'data/empty',
      where: path,
    });
    await mkdir(join(path, 'cat'));
    await expect(readImageFolder({ path }, strict)).rejects.toMatchObject({
      code: 'data/empty',
      where: join(path, 'cat'),
    });
    await write(path, { 'x.png': await image(3, 1, [1, 2, 3]) });
    await expect(readImageFolder({ path }, strict)).rejects.toMatchObject({
      code: 'data/mixed-folder',
      where: path,
    });
  });
});

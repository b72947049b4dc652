import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readIdx } from './read-idx.ts';
import { readImageFolder } from './read-image-folder.ts';
import { readNpz } from './read-npz.ts';
import { idx, npy, temporaryFolder, zip } from './sample-files.ts';

/** So many that their labels alone would take 8 GB. */
const many = 2 ** 31 - 1;

describe('a few bytes that promise gigabytes are refused before anything is allocated', () => {
  it('in a gzip file, whatever its header says', async () => {
    await using folder = await temporaryFolder();
    const [path, labelsPath] = [join(folder.path, 'images.gz'), join(folder.path, 'labels.gz')];
    await writeFile(path, gzipSync(idx([many, 1, 1], Uint8Array.of(1, 2))));
    await writeFile(labelsPath, gzipSync(idx([many], Uint8Array.of(1, 2))));
    await expect(readIdx({ path, labelsPath }, 'train')).rejects.toMatchObject({
      code: 'data/corrupt',
      where: path,
      message: expect.stringContaining(`promises ${many + 16} bytes`) as unknown,
    });
  });

  it('in an archive, whatever its directory says', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'data.npz');
    const array = npy('|u1', [many, 1, 1], Uint8Array.of(1, 2));
    const archive = zip({ 'x.npy': array }, { deflate: true });
    // APPNOTE.TXT 4.3.12: where the directory has the size of the content, and before it the compressed size.
    const entry = archive.indexOf('PK\x01\x02', 0, 'latin1');
    archive.writeUInt32LE(array.length - 2 + many, entry + 24);
    await writeFile(path, archive);
    await expect(readNpz({ path }, 'train')).rejects.toMatchObject({
      code: 'data/corrupt',
      message: expect.stringContaining('can come out of the file') as unknown,
    });
    archive.writeUInt32LE(many, entry + 20);
    await writeFile(path, archive);
    await expect(readNpz({ path }, 'train')).rejects.toMatchObject({ code: 'data/corrupt' });
  });

  it('in an image', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'large.png');
    const raw = { width: 1, height: 1, channels: 3 } as const;
    const png = await sharp(Buffer.of(1, 2, 3), { raw })
      .png()
      .toBuffer();
    // The chunk IHDR: 4 bytes for its name from byte 12 on, width, height, five more, and its checksum.
    png.writeUInt32BE(8001, 16);
    png.writeUInt32BE(8000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    await writeFile(path, png);
    const image = { height: 2, width: 2, channels: 3 };
    const source = await readImageFolder(
      { path: folder.path },
      { image, resize: 'Bilinear', classNames: undefined },
    );
    const read = async (): Promise<void> => {
      for await (const _ of source.records(Int32Array.of(0)));
    };
    await expect(read()).rejects.toMatchObject({ code: 'data/image-size', where: path });
  });
});

it('as much as a compressed file can hold is read', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'images.gz');
  // Nothing is denser than zeros.
  const zeros = new Uint8Array(4_000_000);
  await writeFile(path, gzipSync(idx([4, 1000, 1000], zeros), { level: 9 }));
  expect(await readIdx({ path }, 'train')).toMatchObject({ count: 4 });
});

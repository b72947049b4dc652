import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../../common/error.ts';
import { arraySource } from './array-file.ts';
import type { ArrayFile } from './array-file.ts';
import { fileBytes, readPrefix, statInput } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import type { DatasetSource, SplitName } from './dataset-spec.ts';
import type { ElementType } from './element-type.ts';
import type { RecordSource } from './record-source.ts';

/** Images and labels in the format of MNIST (https://yann.lecun.org/exdb/mnist/), plain or gzip-compressed. */
export async function readIdx(source: DatasetSource, split: SplitName): Promise<RecordSource> {
  const paths = (await statInput(source.path)).isFolder
    ? await standardFiles(source.path, split)
    : { images: source.path, labels: source.labelsPath };
  const images = await idxFile(await fileBytes(paths.images));
  const labels = paths.labels === undefined ? undefined : await idxFile(await fileBytes(paths.labels));
  return arraySource(images, labels);
}

async function standardFiles(
  folder: string,
  split: SplitName,
): Promise<{ images: string; labels: string | undefined }> {
  const prefix = { train: 'train', validation: undefined, test: 't10k' }[split];
  if (prefix === undefined) {
    throw new InvalidInputError('data/not-found', 'A folder of IDX files has no validation part.', {
      where: folder,
      hint: 'Name a file in spec.dataset.validation.uri, or give spec.dataset.validation.fraction.',
    });
  }
  const files = await readdir(folder);
  const find = (pattern: RegExp): string | undefined => {
    const name = files.sort().find((file) => pattern.test(file));
    return name === undefined ? undefined : join(folder, name);
  };
  const images = find(new RegExp(`^${prefix}-images[-.]idx3-ubyte(\\.gz)?$`));
  if (images === undefined) {
    throw new InvalidInputError('data/not-found', `The folder has no ${prefix}-images-idx3-ubyte.`, {
      where: folder,
      hint: 'Use the names of MNIST, or name the images file and the labels file one by one.',
    });
  }
  return { images, labels: find(new RegExp(`^${prefix}-labels[-.]idx1-ubyte(\\.gz)?$`)) };
}

const elementTypes: Readonly<Record<number, ElementType>> = {
  0x08: { kind: 'uint', bits: 8, littleEndian: false },
  0x09: { kind: 'int', bits: 8, littleEndian: false },
  0x0b: { kind: 'int', bits: 16, littleEndian: false },
  0x0c: { kind: 'int', bits: 32, littleEndian: false },
  0x0d: { kind: 'float', bits: 32, littleEndian: false },
  0x0e: { kind: 'float', bits: 64, littleEndian: false },
};

async function idxFile(bytes: ByteSource): Promise<ArrayFile> {
  const start = await readPrefix(bytes, 4);
  const element = elementTypes[start[2] ?? 0];
  const rank = start[3] ?? 0;
  if (start.length < 4 || start.readUInt16BE(0) !== 0 || element === undefined || rank < 1 || rank > 4) {
    throw new InvalidInputError('data/corrupt', 'The file is not an array in the IDX format.', {
      where: bytes.where,
      hint: 'Check spec.dataset.format, and that the file was downloaded whole.',
    });
  }
  const offset = 4 + 4 * rank;
  const header = await readPrefix(bytes, offset);
  if (header.length < offset) {
    throw new InvalidInputError(
      'data/truncated',
      `The file ends inside its header: ${offset - header.length} bytes of it are missing.`,
      { where: bytes.where, hint: 'Fetch the file again.' },
    );
  }
  const shape = Array.from({ length: rank }, (_, axis) => header.readUInt32BE(4 + 4 * axis));
  return { bytes, shape, element, offset };
}

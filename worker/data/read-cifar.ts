import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../../common/error.ts';
import { checkSize, fileBytes, readRecordBytes, statInput } from './byte-source.ts';
import type { ByteSource, RecordLayout } from './byte-source.ts';
import type { DatasetSource, SplitName } from './dataset-spec.ts';
import { allRows } from './record-source.ts';
import type { RecordSource } from './record-source.ts';

interface CifarVariant {
  readonly name: 'CIFAR10' | 'CIFAR100';
  readonly classes: number;
  /** Bytes before the pixels; the last is the class. */
  readonly labelBytes: number;
  readonly folder: string;
  readonly files: { readonly train: RegExp; readonly test: RegExp };
  readonly classNamesFile: string;
}

const cifar10: CifarVariant = {
  name: 'CIFAR10',
  classes: 10,
  labelBytes: 1,
  folder: 'cifar-10-batches-bin',
  files: { train: /^data_batch_\d+\.bin$/, test: /^test_batch\.bin$/ },
  classNamesFile: 'batches.meta.txt',
};

const cifar100: CifarVariant = {
  name: 'CIFAR100',
  classes: 100,
  labelBytes: 2,
  folder: 'cifar-100-binary',
  files: { train: /^train\.bin$/, test: /^test\.bin$/ },
  classNamesFile: 'fine_label_names.txt',
};

const image = { height: 32, width: 32, channels: 3 };
const planeBytes = image.height * image.width;
const pixelBytes = planeBytes * image.channels;

/** The binary version of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html). */
export async function readCifar(
  source: DatasetSource,
  { format, split }: { readonly format: 'CIFAR10' | 'CIFAR100'; readonly split: SplitName },
): Promise<RecordSource> {
  const variant = format === 'CIFAR10' ? cifar10 : cifar100;
  const { isFolder } = await statInput(source.path);
  const paths = isFolder ? await standardFiles(source.path, variant, split) : [source.path];
  const batches = await Promise.all(paths.map(async (path) => await openBatch(path, variant)));
  const count = batches.reduce((sum, batch) => sum + batch.layout.count, 0);
  return {
    where: source.path,
    count,
    image,
    dtype: 'uint8',
    classes: variant.classes,
    classNames: await readClassNames(dirname(paths[0] ?? source.path), variant),
    files: paths,
    labels: async (signal) => await readLabels(batches, { count, variant, signal }),
    records: (rows, signal) => readImages(batches, { rows, variant, signal }),
  };
}

interface Batch {
  readonly bytes: ByteSource;
  readonly layout: RecordLayout;
}

async function openBatch(path: string, { labelBytes, name }: CifarVariant): Promise<Batch> {
  const bytes = await fileBytes(path);
  if (bytes.size === undefined) {
    throw new InvalidInputError('data/compressed', 'CIFAR files are read uncompressed.', {
      where: path,
      hint: `Decompress it: gunzip ${path}`,
    });
  }
  if (bytes.size === 0) {
    throw new InvalidInputError('data/empty', 'The file is empty.', {
      where: path,
      hint: 'Fetch the file again.',
    });
  }
  const recordBytes = labelBytes + pixelBytes;
  const layout = { offset: 0, recordBytes, count: Math.ceil(bytes.size / recordBytes) };
  try {
    checkSize(bytes, layout);
  } catch (error) {
    throw new InvalidInputError(
      'data/truncated',
      `The last ${name} record (${recordBytes} bytes) is cut off: ${recordBytes * layout.count - bytes.size} bytes are missing.`,
      { where: path, hint: 'Fetch the file again, and check spec.dataset.format.', cause: error },
    );
  }
  return { bytes, layout };
}

async function standardFiles(
  given: string,
  variant: CifarVariant,
  split: SplitName,
): Promise<readonly string[]> {
  const names = await readdir(given);
  const folder = names.includes(variant.folder) ? join(given, variant.folder) : given;
  if (split === 'validation') {
    throw new InvalidInputError('data/not-found', 'A folder of CIFAR files has no validation part.', {
      where: folder,
      hint: 'Name a file in spec.dataset.validation.uri, or give spec.dataset.validation.fraction.',
    });
  }
  const pattern = variant.files[split];
  const found = (folder === given ? names : await readdir(folder))
    .filter((name) => pattern.test(name))
    .sort();
  if (found.length === 0) {
    throw new InvalidInputError('data/not-found', `The folder has no ${variant.name} file for ${split}.`, {
      where: folder,
      hint: `Extract the "binary version" archive there, so that it holds files like ${pattern.source}.`,
    });
  }
  return found.map((name) => join(folder, name));
}

async function readClassNames(folder: string, variant: CifarVariant): Promise<readonly string[] | undefined> {
  try {
    const text = await readFile(join(folder, variant.classNamesFile), 'utf8');
    const names = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return names.length === variant.classes ? names : undefined;
  } catch {
    return undefined; // the names are an extra; the archive need not be complete
  }
}

async function readLabels(
  batches: readonly Batch[],
  options: {
    readonly count: number;
    readonly variant: CifarVariant;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Int32Array> {
  const { labelBytes } = options.variant;
  const labels = new Int32Array(options.count);
  let row = 0;
  for (const { bytes, layout } of batches) {
    const all = { rows: allRows(layout.count), signal: options.signal };
    for await (const piece of readRecordBytes(bytes, layout, all)) {
      for (let start = 0; start < piece.length; start += layout.recordBytes, row++) {
        labels[row] = piece[start + labelBytes - 1]!;
      }
    }
  }
  return labels;
}

async function* readImages(
  batches: readonly Batch[],
  options: {
    readonly rows: Int32Array;
    readonly variant: CifarVariant;
    readonly signal: AbortSignal | undefined;
  },
): AsyncIterable<Uint8Array> {
  const { labelBytes } = options.variant;
  let first = 0;
  for (const { bytes, layout } of batches) {
    const end = first + layout.count;
    const rows = options.rows.filter((row) => row >= first && row < end).map((row) => row - first);
    for await (const piece of readRecordBytes(bytes, layout, { rows, signal: options.signal })) {
      const records = piece.length / layout.recordBytes;
      const pixels = new Uint8Array(records * pixelBytes);
      for (let record = 0; record < records; record++) {
        const start = record * layout.recordBytes + labelBytes;
        interleave(piece.subarray(start, start + pixelBytes), pixels.subarray(record * pixelBytes));
      }
      yield pixels;
    }
    first = end;
  }
}

/** `[channels, height, width]` to `[height, width, channels]`. */
function interleave(planes: Uint8Array, pixels: Uint8Array): void {
  for (let channel = 0; channel < image.channels; channel++) {
    for (let position = 0; position < planeBytes; position++) {
      pixels[position * image.channels + channel] = planes[channel * planeBytes + position]!;
    }
  }
}

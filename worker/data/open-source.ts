import { digestOfFile } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { statInput } from './byte-source.ts';
import { describeShape } from './dataset-spec.ts';
import type {
  DatasetFormat,
  DatasetSource,
  ExpectedData,
  ImageShape,
  ResizeMethod,
  SplitName,
} from './dataset-spec.ts';
import { canConvertChannels, fitImage } from './fit-image.ts';
import { readCifar } from './read-cifar.ts';
import { readIdx } from './read-idx.ts';
import { readImageFolder } from './read-image-folder.ts';
import { readNpy } from './read-npy.ts';
import { readNpz } from './read-npz.ts';
import { createValues } from './record-source.ts';
import type { RecordSource, RecordValues } from './record-source.ts';

export interface OpenSourceOptions {
  readonly format: DatasetFormat;
  readonly split: SplitName;
  readonly expected: ExpectedData;
  readonly resize: ResizeMethod | undefined;
  /** The classes of the training data, for the other parts. */
  readonly classNames?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a part of the data set as records of exactly the teacher's input size.
 *
 * @throws InvalidInputError when the digest, the shape, the number of classes or the size of a file is wrong.
 */
export async function openSource(source: DatasetSource, options: OpenSourceOptions): Promise<RecordSource> {
  await verifyDigest(source.path, source.sha256, options.signal);
  if (source.labelsPath !== undefined)
    await verifyDigest(source.labelsPath, source.labelsSha256, options.signal);
  const records = await readSource(source, options);
  const { classes } = options.expected;
  if (classes !== undefined && records.classes !== undefined && records.classes !== classes) {
    throw new InvalidInputError(
      'data/class-count',
      `The data has ${records.classes} classes; the teacher has ${classes}.`,
      { where: records.where, hint: 'Give the data set that the teacher was trained on.' },
    );
  }
  return fitSource(records, options.expected, options.resize);
}

async function readSource(source: DatasetSource, options: OpenSourceOptions): Promise<RecordSource> {
  const { format, split, expected, resize, classNames } = options;
  switch (format) {
    case 'NPZ':
      return await readNpz(source, split);
    case 'NPY':
      return await readNpy(source);
    case 'IDX':
      return await readIdx(source, split);
    case 'CIFAR10':
    case 'CIFAR100':
      return await readCifar(source, { format, split });
    case 'ImageFolder':
      return await readImageFolder(source, { image: expected, resize, classNames });
  }
}

async function verifyDigest(
  path: string,
  sha256: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (sha256 === undefined) return;
  if ((await statInput(path)).isFolder) {
    throw new InvalidInputError('data/digest-of-folder', 'A sha256 was given for a folder.', {
      where: path,
      hint: 'Only files have a sha256: remove it, or name a file.',
    });
  }
  const found = await digestOfFile(path, signal);
  if (found === `sha256:${sha256.toLowerCase()}`) return;
  throw new InvalidInputError('data/digest', `The file has the digest ${found}, not sha256:${sha256}.`, {
    where: path,
    hint: 'Fetch the file again, or correct the sha256 in spec.dataset.',
  });
}

function fitSource(
  source: RecordSource,
  expected: ExpectedData,
  resize: ResizeMethod | undefined,
): RecordSource {
  const from = source.image;
  const to: ImageShape = { height: expected.height, width: expected.width, channels: expected.channels };
  if (describeShape(from) === describeShape(to)) return source;
  if (resize === undefined || !canConvertChannels(from.channels, to.channels)) throw wrongShape(source, to);
  return {
    ...source,
    image: to,
    records: (rows, signal) => fitRecords(source.records(rows, signal), { from, to, resize }),
  };
}

interface FitRecordsOptions {
  readonly from: ImageShape;
  readonly to: ImageShape;
  readonly resize: ResizeMethod;
}

async function* fitRecords(
  chunks: AsyncIterable<RecordValues>,
  fit: FitRecordsOptions,
): AsyncIterable<RecordValues> {
  const size = fit.from.height * fit.from.width * fit.from.channels;
  const fittedSize = fit.to.height * fit.to.width * fit.to.channels;
  for await (const chunk of chunks) {
    const count = chunk.length / size;
    const fitted = createValues(chunk instanceof Float32Array ? 'float32' : 'uint8', count * fittedSize);
    for (let record = 0; record < count; record++) {
      fitted.set(fitImage(chunk.subarray(record * size, (record + 1) * size), fit), record * fittedSize);
    }
    yield fitted;
  }
}

function wrongShape(source: RecordSource, to: ImageShape): InvalidInputError {
  const { height, width, channels } = source.image;
  const channelsFirst = height === to.channels && width === to.height && channels === to.width;
  return new InvalidInputError(
    'data/image-shape',
    `The images are ${describeShape(source.image)} (height x width x channels); the teacher takes ${describeShape(to)}.`,
    {
      where: source.where,
      hint: channelsFirst
        ? 'The channels come first: save numpy.transpose(images, (0, 2, 3, 1)) instead.'
        : 'Set spec.dataset.preprocessing.resize to convert them, or give data of the right size.',
    },
  );
}

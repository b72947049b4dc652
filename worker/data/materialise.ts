import { mkdir, readFile, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfBytes, digestOfJson } from '../../common/digest.ts';
import type { Digest } from '../../common/digest.ts';
import { sizeText } from '../../common/size-text.ts';
import { BlockstillError } from '../../common/error.ts';
import { writeFileAtomically, writeJsonAtomically } from '../../common/files.ts';
import { formatIndex, indexFileName, readIndex } from './dataset-index.ts';
import type { DatasetIndex } from './dataset-index.ts';
import { sizeOfImage } from './dataset-spec.ts';
import type { DatasetSpec, ExpectedData } from './dataset-spec.ts';
import { planParts } from './parts.ts';
import type { Part } from './parts.ts';
import { bytesPerValue } from './record-source.ts';
import { verifyFiles } from './verify-files.ts';
import { writeSplit } from './write-split.ts';

export interface MaterialiseOptions {
  /** A folder for this data set alone; other `.bin` files in it are removed. */
  readonly folder: string;
  /** Decides which records are split off. */
  readonly seed: number;
  readonly expected: ExpectedData;
  /** Shards are at most this long, but hold at least one record. */
  readonly shardBytes?: number | undefined;
  /** Records written so far, of all that will be. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MaterialisedDataset {
  readonly index: DatasetIndex;
  /** Digest of index.json, and so of all the content. */
  readonly digest: Digest;
  /** The folder already held this data set. */
  readonly reused: boolean;
}

const defaultShardBytes = 64 * 2 ** 20;
const requestFileName = 'request.json';

/**
 * Decodes, resizes and splits a data set once, into shards of fixed-size records that units read by position.
 *
 * Records are stored as the source has them, `[height, width, channels]`, uint8 or float32: scaling and augmentation
 * happen later. Everything about the data is checked here, before any training. The same input gives the same bytes;
 * a folder that already holds it is only verified. The index is written last: without it the folder counts as empty.
 *
 * @throws InvalidInputError with a code `data/...` that names the file and the remedy; the signal's reason when aborted.
 */
export async function materialiseDataset(
  spec: DatasetSpec,
  options: MaterialiseOptions,
): Promise<MaterialisedDataset> {
  const { folder, signal, shardBytes = defaultShardBytes } = options;
  signal?.throwIfAborted();
  const { parts, testReason, classNames } = await planParts(spec, options);
  const request = await digestOfRequest(spec, parts, { ...options, shardBytes });
  const present = await reusable(folder, request, signal);
  if (present !== undefined) return { ...present, reused: true };

  await prepareFolder(folder);
  await checkSpace(folder, parts);
  const total = parts.reduce((sum, part) => sum + part.rows.length, 0);
  let done = 0;
  const onRecords = (records: number): void => options.onProgress?.((done += records), total);
  const splits: Partial<DatasetIndex['splits']> = {};
  for (const { name, source, rows, labels } of parts) {
    splits[name] = await writeSplit(source, { folder, name, rows, labels, shardBytes, onRecords, signal });
  }
  const index = indexOf(options.expected, { parts, splits, testReason, classNames });
  await writeFileAtomically(join(folder, indexFileName), formatIndex(index));
  await writeJsonAtomically(join(folder, requestFileName), { request });
  return { index, digest: digestOfBytes(formatIndex(index)), reused: false };
}

interface IndexParts {
  readonly parts: readonly Part[];
  readonly splits: Partial<DatasetIndex['splits']>;
  readonly testReason: string | undefined;
  readonly classNames: readonly string[] | undefined;
}

function indexOf(
  expected: ExpectedData,
  { parts, splits, testReason, classNames }: IndexParts,
): DatasetIndex {
  const { train, validation, test } = splits;
  const source = parts[0]?.source;
  if (source === undefined || train === undefined || validation === undefined) {
    throw new Error('A data set has a training and a validation part.');
  }
  const { height, width, channels } = expected;
  return {
    version: 1,
    image: { height, width, channels },
    dtype: source.dtype,
    recordBytes: sizeOfImage(expected) * bytesPerValue(source.dtype),
    classes: expected.classes ?? null,
    classNames: expected.classes === undefined || classNames === undefined ? null : [...classNames],
    splits: { train, validation, test: test ?? { reason: testReason ?? 'There is no test data.' } },
  };
}

/**
 * What decides the content: the request, and the names, sizes and times of the files that it reads. It is kept beside
 * the index, not in it, because the same content may come from elsewhere.
 */
async function digestOfRequest(
  spec: DatasetSpec,
  parts: readonly Part[],
  { seed, expected, shardBytes }: MaterialiseOptions,
): Promise<Digest> {
  const files: unknown[] = [];
  for (const file of new Set(parts.flatMap((part) => part.source.files))) {
    const { size, mtimeMs } = await stat(file);
    files.push([file, size, mtimeMs]);
  }
  const { format, train, validation, test, preprocessing } = spec;
  const { resize } = preprocessing;
  return digestOfJson({ format, train, validation, test, resize, seed, expected, shardBytes, files });
}

async function reusable(
  folder: string,
  request: Digest,
  signal: AbortSignal | undefined,
): Promise<{ index: DatasetIndex; digest: Digest } | undefined> {
  try {
    const text = await readFile(join(folder, requestFileName), 'utf8');
    if (digestOfRequestFile(text) !== request) return undefined;
    const present = await readIndex(folder);
    await verifyFiles(folder, present.index, signal);
    return present;
  } catch (error) {
    signal?.throwIfAborted();
    // Nothing there, or not what was written: it is written again.
    if (error instanceof BlockstillError || error instanceof SyntaxError || isMissing(error))
      return undefined;
    throw error;
  }
}

function digestOfRequestFile(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'request' in value ? value.request : undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Takes the index away first, so that what follows is never taken for a whole data set. */
async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of [indexFileName, requestFileName]) await rm(join(folder, name), { force: true });
  for (const name of await readdir(folder)) {
    if (/\.bin(\..*\.tmp)?$/.test(name)) await rm(join(folder, name), { force: true });
  }
}

async function checkSpace(folder: string, parts: readonly Part[]): Promise<void> {
  const needed = parts.reduce(
    (sum, { source, rows }) => sum + rows.length * sizeOfImage(source.image) * bytesPerValue(source.dtype),
    0,
  );
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  throw new BlockstillError(
    'data/no-space',
    `The data set needs ${sizeText(needed)} on disk; ${sizeText(bavail * bsize)} are free.`,
    { where: folder, hint: 'Give spec.storage.uri a larger volume.' },
  );
}

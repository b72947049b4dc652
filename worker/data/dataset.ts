import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { readIndex } from './dataset-index.ts';
import type { DatasetIndex, SplitIndex } from './dataset-index.ts';
import { sizeOfImage } from './dataset-spec.ts';
import type { ImageShape, SplitName } from './dataset-spec.ts';
import { bytesPerValue, createValues } from './record-source.ts';
import type { RecordType, RecordValues } from './record-source.ts';
import { ShardFiles } from './shard-files.ts';
import { verifyFiles } from './verify-files.ts';

/** One part of a materialised data set. */
export interface DatasetSplit {
  readonly name: SplitName;
  readonly count: number;
  /** `[count]`, or undefined when the source had none. */
  readonly labels: Int32Array | undefined;
  /**
   * Reads the records of `rows`, in that order and with repeats, into `into` `[rows, height, width, channels]`.
   *
   * Neighbouring rows are read at once. The reads are handed to the thread pool before this returns its promise, so
   * they go on while a native call blocks the event loop.
   */
  readRecords(rows: Int32Array, into: RecordValues): Promise<void>;
  /** All records in order, at most `records` at a time. */
  chunks(records: number): AsyncIterable<RecordChunk>;
}

export interface RecordChunk {
  readonly firstRow: number;
  /** `[records, height, width, channels]` */
  readonly values: RecordValues;
}

/** A materialised data set, read by position: it need not fit into memory. */
export interface Dataset extends Disposable {
  readonly index: DatasetIndex;
  readonly digest: Digest;
  readonly image: ImageShape;
  readonly dtype: RecordType;
  readonly train: DatasetSplit;
  readonly validation: DatasetSplit;
  /** Undefined when there is no test data; `testReason` then says why. */
  readonly test: DatasetSplit | undefined;
  readonly testReason: string | undefined;
}

export interface OpenDatasetOptions {
  /** Refuse an index of another digest (the plan names the right one). */
  readonly digest?: Digest | undefined;
  /** Read every file once and compare its digest; otherwise only its length is noticed. */
  readonly verify?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the folder that {@link materialiseDataset} wrote.
 *
 * @throws BlockstillError `data/index`, `data/digest` or `data/damaged`.
 */
export async function openDataset(folder: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { index, digest } = await readIndex(folder);
  if (options.digest !== undefined && options.digest !== digest) {
    throw new BlockstillError(
      'data/digest',
      `The data set has the digest ${digest}, not ${options.digest}.`,
      {
        where: folder,
        hint: 'It was replaced after the plan was made: start the job anew.',
      },
    );
  }
  if (options.verify === true) await verifyFiles(folder, index, options.signal);
  const { train, validation, test } = index.splits;
  const labels = {
    train: await readLabels(folder, train),
    validation: await readLabels(folder, validation),
    test: 'count' in test ? await readLabels(folder, test) : undefined,
  };
  const files = new ShardFiles();
  const open = (name: SplitName, split: SplitIndex): DatasetSplit =>
    new ShardedSplit({ name, folder, split, index, files, labels: labels[name] });
  return {
    index,
    digest,
    image: index.image,
    dtype: index.dtype,
    train: open('train', train),
    validation: open('validation', validation),
    test: 'count' in test ? open('test', test) : undefined,
    testReason: 'count' in test ? undefined : test.reason,
    [Symbol.dispose]: () => files[Symbol.dispose](),
  };
}

async function readLabels(folder: string, { labels, count }: SplitIndex): Promise<Int32Array | undefined> {
  if (labels === null) return undefined;
  const bytes = await readFile(join(folder, labels.file));
  if (bytes.length !== count * 4) {
    throw new BlockstillError(
      'data/damaged',
      'The labels of the materialised data set have the wrong length.',
      {
        where: join(folder, labels.file),
        hint: 'Delete the folder and run the job again: prepare writes it anew.',
      },
    );
  }
  const values = new Int32Array(count);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

interface ShardedSplitOptions {
  readonly name: SplitName;
  readonly folder: string;
  readonly split: SplitIndex;
  readonly index: DatasetIndex;
  readonly files: ShardFiles;
  readonly labels: Int32Array | undefined;
}

class ShardedSplit implements DatasetSplit {
  readonly name: SplitName;
  readonly count: number;
  readonly labels: Int32Array | undefined;
  readonly #options: ShardedSplitOptions;
  /** All shards but the last hold as many records. */
  readonly #perShard: number;

  constructor(options: ShardedSplitOptions) {
    this.name = options.name;
    this.count = options.split.count;
    this.labels = options.labels;
    this.#options = options;
    this.#perShard = options.split.shards[0]?.records ?? 1;
  }

  async readRecords(rows: Int32Array, into: RecordValues): Promise<void> {
    const { index, split, folder, files } = this.#options;
    const { recordBytes } = index;
    if (
      into.byteLength !== rows.length * recordBytes ||
      into.BYTES_PER_ELEMENT !== bytesPerValue(index.dtype)
    ) {
      throw new RangeError(
        `${rows.length} records need ${rows.length * recordBytes} bytes of ${index.dtype}.`,
      );
    }
    const absent = rows.find((row) => row < 0 || row >= this.count);
    if (absent !== undefined) throw new RangeError(`There is no record ${absent} in ${this.name}.`);
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const reads: Promise<void>[] = [];
    for (let start = 0; start < rows.length;) {
      const end = this.#endOfRun(rows, start);
      const row = rows[start]!;
      const shard = split.shards[Math.floor(row / this.#perShard)];
      if (shard === undefined || row < 0 || row >= this.count)
        throw new RangeError(`There is no record ${row}.`);
      const position = (row % this.#perShard) * recordBytes;
      reads.push(
        files.read(
          join(folder, shard.file),
          position,
          bytes.subarray(start * recordBytes, end * recordBytes),
        ),
      );
      start = end;
    }
    await Promise.all(reads);
  }

  /** Where the rows that follow each other in one shard end. */
  #endOfRun(rows: Int32Array, start: number): number {
    let end = start + 1;
    while (end < rows.length && rows[end] === rows[end - 1]! + 1 && rows[end]! % this.#perShard !== 0) end++;
    return end;
  }

  async *chunks(records: number): AsyncIterable<RecordChunk> {
    const { index } = this.#options;
    for (let firstRow = 0; firstRow < this.count; firstRow += records) {
      const count = Math.min(records, this.count - firstRow);
      const values = createValues(index.dtype, count * sizeOfImage(index.image));
      await this.readRecords(
        Int32Array.from({ length: count }, (_, row) => firstRow + row),
        values,
      );
      yield { firstRow, values };
    }
  }
}

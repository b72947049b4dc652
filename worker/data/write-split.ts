import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { digestOfBytes } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { writeFileAtomically } from '../../common/files.ts';
import type { SplitIndex } from './dataset-index.ts';
import { sizeOfImage } from './dataset-spec.ts';
import type { SplitName } from './dataset-spec.ts';
import { bytesPerValue } from './record-source.ts';
import type { RecordSource, RecordValues } from './record-source.ts';

export interface WriteSplitOptions {
  readonly folder: string;
  readonly name: SplitName;
  /** Rows of the source, ascending. */
  readonly rows: Int32Array;
  /** Labels of the whole source, already checked. */
  readonly labels: Int32Array | undefined;
  readonly shardBytes: number;
  readonly onRecords: (records: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Writes the rows of a source as shards and a file of labels; each file appears whole or not at all. */
export async function writeSplit(source: RecordSource, options: WriteSplitOptions): Promise<SplitIndex> {
  const { folder, name, rows, labels, shardBytes, onRecords, signal } = options;
  const recordBytes = sizeOfImage(source.image) * bytesPerValue(source.dtype);
  const perShard = Math.max(1, Math.floor(shardBytes / recordBytes));
  const records = singleRecords(source, rows, signal);
  const shards: SplitIndex['shards'] = [];
  try {
    for (let first = 0; first < rows.length; first += perShard) {
      const count = Math.min(perShard, rows.length - first);
      const file = `${name}-${String(shards.length).padStart(5, '0')}.bin`;
      const hash = createHash('sha256');
      await writeFileAtomically(join(folder, file), takeBytes(records, { count, hash, onRecords, signal }));
      shards.push({
        file,
        records: count,
        bytes: count * recordBytes,
        digest: `sha256:${hash.digest('hex')}`,
      });
    }
  } finally {
    await records.return(undefined);
  }
  return {
    count: rows.length,
    shards,
    labels: labels === undefined ? null : await writeLabels(labels, options),
  };
}

async function writeLabels(
  labels: Int32Array,
  { folder, name, rows }: WriteSplitOptions,
): Promise<NonNullable<SplitIndex['labels']>> {
  const chosen = rows.map((row) => labels[row]!);
  const bytes = new Uint8Array(chosen.buffer);
  const file = `${name}-labels.bin`;
  await writeFileAtomically(join(folder, file), bytes);
  return { file, digest: digestOfBytes(bytes) };
}

interface TakeOptions {
  readonly count: number;
  readonly hash: ReturnType<typeof createHash>;
  readonly onRecords: (records: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Bytes of the next `count` records, gathered into pieces that are worth a write. */
async function* takeBytes(
  records: AsyncIterator<RecordValues>,
  options: TakeOptions,
): AsyncIterable<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  for (let taken = 0; taken < options.count; taken++) {
    options.signal?.throwIfAborted();
    const next = await records.next();
    if (next.done === true) throw new Error('The source has fewer records than it said.');
    gathered.push(new Uint8Array(next.value.buffer, next.value.byteOffset, next.value.byteLength));
    gatheredBytes += next.value.byteLength;
    if (gatheredBytes < 1 << 20 && taken < options.count - 1) continue;
    const piece = Buffer.concat(gathered);
    options.hash.update(piece);
    options.onRecords(gathered.length);
    yield piece;
    gathered = [];
    gatheredBytes = 0;
  }
}

async function* singleRecords(
  source: RecordSource,
  rows: Int32Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordValues, undefined> {
  const size = sizeOfImage(source.image);
  let at = 0;
  for await (const chunk of source.records(rows, signal)) {
    for (let start = 0; start < chunk.length; start += size, at++) {
      const record = chunk.subarray(start, start + size);
      if (record instanceof Float32Array) checkFinite(record, source.where, rows[at]!);
      yield record;
    }
  }
  return undefined;
}

function checkFinite(values: Float32Array, where: string, row: number): void {
  let index = 0;
  while (index < values.length && Number.isFinite(values[index])) index++;
  if (index === values.length) return;
  throw new InvalidInputError(
    'data/not-finite',
    `Record ${row} has the value ${values[index]} at position ${index}.`,
    {
      where,
      hint: 'Remove or repair records with NaN or infinite values.',
    },
  );
}

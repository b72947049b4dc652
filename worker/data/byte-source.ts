import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InvalidInputError } from '../../common/error.ts';

/** A file, or a file inside an archive, that can be read from the start as often as needed. */
export interface ByteSource {
  /** For messages: the path, and the name inside an archive. */
  readonly where: string;
  /** The file on disk. */
  readonly file: string;
  /** Bytes after decompression; undefined when only reading can tell. */
  readonly size: number | undefined;
  /** Of what is compressed: more bytes than these can't come out of it. */
  readonly mostBytes?: number;
  open(signal?: AbortSignal): AsyncIterable<Buffer>;
}

const pieceBytes = 1 << 20;

/** What a file can hold that is compressed by DEFLATE: 1032 times as much at the most, and a block that says so. */
export function mostInflated(compressedBytes: number): number {
  return (compressedBytes + 1) * 1032;
}

/** A file's bytes; a name that ends in `.gz` is decompressed. */
export async function fileBytes(path: string): Promise<ByteSource> {
  const { size } = await statInput(path);
  if (path.endsWith('.gz')) {
    const mostBytes = mostInflated(size);
    return { where: path, file: path, size: undefined, mostBytes, open: (signal) => readGzip(path, signal) };
  }
  return { where: path, file: path, size, open: (signal) => readFileStream(path, signal) };
}

/** `stat` of something that the user named. */
export async function statInput(path: string): Promise<{ size: number; isFolder: boolean }> {
  try {
    const found = await stat(path);
    return { size: found.size, isFolder: found.isDirectory() };
  } catch (error) {
    throw new InvalidInputError('data/not-found', 'This file or folder of the data set cannot be read.', {
      where: path,
      hint: 'Check the uri in spec.dataset, and that the volume is mounted and readable.',
      cause: error,
    });
  }
}

function readFileStream(path: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: pieceBytes, ...(signal && { signal }) });
}

async function* readGzip(path: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  const plain = createGunzip({ chunkSize: pieceBytes });
  // Errors of either stream surface in the loop below, because pipeline destroys `plain` with them.
  pipeline(
    createReadStream(path, { highWaterMark: pieceBytes, ...(signal && { signal }) }),
    plain,
    () => undefined,
  );
  let received = 0;
  try {
    for await (const piece of plain as AsyncIterable<Buffer>) {
      received += piece.length;
      yield piece;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw corruptGzip(path, received, error);
  }
}

function corruptGzip(path: string, received: number, cause: unknown): InvalidInputError {
  const endsEarly = cause instanceof Error && 'code' in cause && cause.code === 'Z_BUF_ERROR';
  return new InvalidInputError(
    endsEarly ? 'data/truncated' : 'data/corrupt',
    endsEarly
      ? `The gzip file ends too early: only ${received} bytes of data came out of it.`
      : `The gzip file is damaged after ${received} bytes of data.`,
    { where: path, hint: 'Fetch or create the file again.', cause },
  );
}

/** The first bytes of a source, fewer when it is shorter. */
export async function readPrefix(source: ByteSource, length: number, signal?: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let received = 0;
  if (length > 0) {
    for await (const piece of source.open(signal)) {
      pieces.push(piece);
      received += piece.length;
      if (received >= length) break;
    }
  }
  return Buffer.concat(pieces).subarray(0, length);
}

export interface RecordLayout {
  /** Bytes before the first record. */
  readonly offset: number;
  readonly recordBytes: number;
  readonly count: number;
}

/**
 * Refuses a file whose size is not, or can't be, what its header promises, before anything is allocated for it: a few bytes
 * of a compressed file could promise all the memory that there is.
 */
export function checkSize(source: ByteSource, { offset, recordBytes, count }: RecordLayout): void {
  const expected = offset + recordBytes * count;
  const { mostBytes = Infinity } = source;
  if (expected > mostBytes) throw impossible(source, { expected, mostBytes });
  if (source.size === undefined || source.size === expected) return;
  throw source.size < expected ? truncated(source, source.size, expected) : trailing(source, expected);
}

/** The records of `rows` (ascending) as chunks of whole records. */
export async function* readRecordBytes(
  source: ByteSource,
  layout: RecordLayout,
  { rows, signal }: { readonly rows: Int32Array; readonly signal?: AbortSignal | undefined },
): AsyncIterable<Buffer> {
  if (rows.length === 0) return;
  let at = 0; // the next entry of `rows`
  let row = 0; // the next record of the source
  for await (const chunk of wholeRecords(source, layout, signal)) {
    const records = chunk.length / layout.recordBytes;
    const wanted: Buffer[] = [];
    for (; at < rows.length && rows[at]! < row + records; at++) {
      const start = (rows[at]! - row) * layout.recordBytes;
      wanted.push(chunk.subarray(start, start + layout.recordBytes));
    }
    row += records;
    if (wanted.length === records) yield chunk;
    else if (wanted.length > 0) yield Buffer.concat(wanted);
    if (at === rows.length && row < layout.count) return;
  }
}

async function* wholeRecords(
  source: ByteSource,
  { offset, recordBytes, count }: RecordLayout,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const expected = offset + recordBytes * count;
  let received = 0;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  for await (const piece of source.open(signal)) {
    const content = piece.subarray(Math.max(0, Math.min(piece.length, offset - received)));
    received += piece.length;
    if (received > expected) throw trailing(source, expected);
    kept.push(content);
    keptBytes += content.length;
    if (keptBytes < recordBytes) continue;
    const bytes = kept.length === 1 ? content : Buffer.concat(kept);
    const whole = bytes.length - (bytes.length % recordBytes);
    kept = [bytes.subarray(whole)];
    keptBytes = bytes.length - whole;
    yield bytes.subarray(0, whole);
  }
  if (received < expected) throw truncated(source, received, expected);
}

function truncated(source: ByteSource, size: number, expected: number): InvalidInputError {
  return new InvalidInputError(
    'data/truncated',
    `The file is truncated: ${expected - size} of ${expected} bytes are missing.`,
    { where: source.where, hint: 'Fetch or create the file again.' },
  );
}

function impossible(
  source: ByteSource,
  { expected, mostBytes }: { expected: number; mostBytes: number },
): InvalidInputError {
  return new InvalidInputError(
    'data/corrupt',
    `The header promises ${expected} bytes, and no more than ${mostBytes} can come out of the file.`,
    { where: source.where, hint: 'The header or the file is damaged: fetch it again.' },
  );
}

function trailing(source: ByteSource, expected: number): InvalidInputError {
  return new InvalidInputError(
    'data/trailing-bytes',
    `The file is longer than the ${expected} bytes that its header promises.`,
    {
      where: source.where,
      hint: 'The header or the file is damaged, or it has another format: fetch it again.',
    },
  );
}

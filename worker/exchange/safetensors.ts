import { open, readFile, stat } from 'node:fs/promises';
import { BlockstillError } from '../../common/error.ts';
import { writeFileAtomically } from '../../common/files.ts';

/**
 * The safetensors format (https://github.com/huggingface/safetensors): eight bytes of header length, a JSON header, raw
 * little-endian tensors. Chosen because nothing in it is executed and other tools read it.
 */
export type TensorValues = Float32Array | Int32Array | Uint8Array;

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Free text by key; Blockstill puts one JSON document under `blockstill`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const maxHeaderBytes = 100 << 20;

/** Writes atomically, tensors in name order, so that equal content has equal bytes. */
export async function writeSafetensors(path: string, file: SafetensorsFile): Promise<void> {
  const names = [...file.tensors.keys()].sort();
  const header: Record<string, unknown> = { __metadata__: file.metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const name of names) {
    const { shape, values } = file.tensors.get(name) as NamedTensor;
    header[name] = { dtype: dtypeOf(values), shape, data_offsets: [offset, offset + values.byteLength] };
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.byteLength / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.byteLength));
  await writeFileAtomically(path, [length, padded, ...parts]);
}

/** @throws BlockstillError `storage/bad-safetensors` when the file is not what its header says. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { size } = await stat(path);
  await using handle = await open(path, 'r');
  if (size < 8) throw malformed(path, 'it is shorter than its length field');
  const { buffer: lengthBytes } = await handle.read(Buffer.alloc(8), 0, 8, 0);
  const headerBytes = Number(lengthBytes.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes || headerBytes + 8 > size)
    throw malformed(path, 'its header is longer than the file');
  const bytes = await readFile(path);
  const header = parseHeader(path, bytes.subarray(8, 8 + headerBytes));
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, entry] of Object.entries(entries as Record<string, HeaderEntry>)) {
    tensors.set(name, tensorAt(path, name, entry, bytes.subarray(8 + headerBytes)));
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

const usualHeaderBytes = 256 << 10;

/** The metadata of a file of which the first bytes can be read; undefined when it is none, or is damaged there. */
export async function readMetadata(
  readStart: (bytes: number) => Promise<Buffer | undefined>,
): Promise<Readonly<Record<string, string>> | undefined> {
  let bytes = await readStart(usualHeaderBytes);
  if (bytes === undefined || bytes.byteLength < 8) return undefined;
  const headerBytes = Number(bytes.readBigUInt64LE());
  if (headerBytes > maxHeaderBytes) return undefined;
  if (bytes.byteLength < 8 + headerBytes) bytes = await readStart(8 + headerBytes);
  try {
    const header = parseHeader('', bytes?.subarray(8, 8 + headerBytes) ?? new Uint8Array());
    return header['__metadata__'] as Record<string, string> | undefined;
  } catch {
    return undefined;
  }
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw malformed(path, 'its header is not JSON', cause);
  }
}

function tensorAt(path: string, name: string, entry: HeaderEntry, data: Uint8Array): NamedTensor {
  const [begin, end] = entry.data_offsets;
  const count = entry.shape.reduce((product, size) => product * size, 1);
  const itemBytes = entry.dtype === 'U8' ? 1 : 4;
  if (begin < 0 || end > data.byteLength || end - begin !== count * itemBytes) {
    throw malformed(path, `tensor ${name} does not lie where the header says`);
  }
  // A copy, since a typed array needs an aligned start and the file's own offsets promise none.
  const buffer = new Uint8Array(data.subarray(begin, end)).buffer;
  switch (entry.dtype) {
    case 'F32':
      return { shape: entry.shape, values: new Float32Array(buffer) };
    case 'I32':
      return { shape: entry.shape, values: new Int32Array(buffer) };
    case 'U8':
      return { shape: entry.shape, values: new Uint8Array(buffer) };
    default:
      throw malformed(path, `tensor ${name} is of type ${entry.dtype}; F32, I32 and U8 are read`);
  }
}

function dtypeOf(values: TensorValues): string {
  if (values instanceof Float32Array) return 'F32';
  return values instanceof Int32Array ? 'I32' : 'U8';
}

function malformed(path: string, why: string, cause?: unknown): BlockstillError {
  return new BlockstillError('storage/bad-safetensors', `The file can't be read as safetensors: ${why}.`, {
    where: path,
    hint: 'It was cut short or is another kind of file; it will be made again if it is removed.',
    cause,
  });
}

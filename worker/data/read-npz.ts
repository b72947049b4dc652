import { crc32 } from 'node:zlib';
import { openPromise } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { arraySource } from './array-file.ts';
import { mostInflated, statInput } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import type { DatasetSource, SplitName } from './dataset-spec.ts';
import { npyFile } from './read-npy.ts';
import type { RecordSource } from './record-source.ts';

/** Images and labels in one `.npz` file, found by the names of {@link DatasetSource} or their defaults. */
export async function readNpz(source: DatasetSource, split: SplitName): Promise<RecordSource> {
  const { size } = await statInput(source.path);
  const members = await listMembers(source.path);
  const images = pickMember(members, source.images ?? imageNames(split));
  if (images === undefined) {
    throw new InvalidInputError(
      'data/array-not-found',
      `No array of images for ${split} was found in the file.`,
      {
        where: source.path,
        hint:
          `Name it in spec.dataset.${split}.images; looked for ${[source.images ?? imageNames(split)].flat().join(', ')}; ` +
          `the file has ${members.map(arrayName).join(', ') || 'no arrays'}.`,
      },
    );
  }
  const labels = pickMember(members, source.labels ?? labelNames(split));
  if (labels === undefined && source.labels !== undefined) {
    throw new InvalidInputError('data/array-not-found', `The file has no array "${source.labels}".`, {
      where: source.path,
      hint: `Correct spec.dataset.${split}.labels; the file has ${members.map(arrayName).join(', ')}.`,
    });
  }
  return arraySource(
    await npyFile(memberBytes(source.path, images, size)),
    labels && (await npyFile(memberBytes(source.path, labels, size))),
  );
}

const suffixes = {
  train: ['train'],
  validation: ['val', 'valid', 'validation'],
  test: ['test'],
} as const satisfies Record<SplitName, readonly string[]>;

function imageNames(split: SplitName): readonly string[] {
  return [...suffixes[split].flatMap((suffix) => [`x_${suffix}`, `${suffix}_images`]), 'x', 'images'];
}

function labelNames(split: SplitName): readonly string[] {
  return [...suffixes[split].flatMap((suffix) => [`y_${suffix}`, `${suffix}_labels`]), 'y', 'labels'];
}

function pickMember(members: readonly Entry[], names: string | readonly string[]): Entry | undefined {
  for (const name of [names].flat()) {
    const found = members.find((member) => arrayName(member) === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function arrayName(member: Entry): string {
  return member.fileName.replace(/\.npy$/, '');
}

async function listMembers(path: string): Promise<readonly Entry[]> {
  return await withZip(path, async (zip) => {
    const members: Entry[] = [];
    for await (const member of zip.eachEntry()) members.push(member);
    return members;
  });
}

/** Opens the archive with positional reads; entries are read by offset, so nothing is ever unpacked to disk. */
async function withZip<Result>(path: string, use: (zip: ZipFile) => Promise<Result>): Promise<Result> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    return await use(zip);
  } catch (error) {
    throw corruptZip(path, error);
  } finally {
    zip?.close();
  }
}

/** A member's decompressed bytes; yauzl holds them to the size in the directory, and the checksum is checked here. */
function memberBytes(path: string, member: Entry, archiveBytes: number): ByteSource {
  const where = `${path} (${member.fileName})`;
  // The directory may lie, but not about more bytes than the archive has.
  const mostBytes = mostInflated(Math.min(member.compressedSize, archiveBytes));
  return {
    where,
    file: path,
    size: member.uncompressedSize,
    mostBytes,
    open: (signal) => readMember(path, member, signal),
  };
}

async function* readMember(
  path: string,
  member: Entry,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const where = `${path} (${member.fileName})`;
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    const stream: AsyncIterable<Buffer> = await zip.openReadStreamPromise(member);
    let checksum = 0;
    for await (const piece of stream) {
      signal?.throwIfAborted();
      checksum = crc32(piece, checksum);
      yield piece;
    }
    if (checksum !== member.crc32) throw new Error('The checksum of the data is wrong.');
  } catch (error) {
    signal?.throwIfAborted();
    throw corruptZip(where, error);
  } finally {
    zip?.close();
  }
}

function corruptZip(where: string, cause: unknown): unknown {
  if (cause instanceof BlockstillError) return cause;
  return new InvalidInputError(
    'data/corrupt',
    'The NPZ archive cannot be read: it is damaged or truncated.',
    {
      where,
      hint: 'Fetch the file again, or create it again with numpy.savez or numpy.savez_compressed.',
      cause,
    },
  );
}

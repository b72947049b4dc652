import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { digestOfFile, type Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { frameworkLibrary, manifestName, wheelLibrary, type LibraryManifest } from './library.ts';

/** Takes the two libraries, the headers of the C API and the licence texts out of a wheel. */
export async function unpackWheel(
  wheel: string,
  folder: string,
  options: { wheel: Digest; signal: AbortSignal },
): Promise<void> {
  const zip = await openPromise(wheel);
  const files: Record<string, { bytes: number; digest: Digest }> = {};
  for await (const entry of zip.eachEntry()) {
    const name = unpackedName(entry.fileName);
    if (name === undefined) continue;
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path), {
      signal: options.signal,
    });
    files[name] = { bytes: entry.uncompressedSize, digest: await digestOfFile(path, options.signal) };
  }
  const missing = [wheelLibrary, frameworkLibrary].filter((library) => !(`lib/${library}` in files));
  if (missing.length > 0) {
    throw new BlockstillError(
      'setup/download-failed',
      `${basename(wheel)} holds no ${missing.join(' and no ')}.`,
    );
  }
  const manifest = { wheel: options.wheel, files } satisfies LibraryManifest;
  await writeJsonAtomically(join(folder, manifestName), manifest);
}

const headers =
  /^include\/(?:tensorflow\/c\/|tensorflow\/core\/platform\/ctstring|tsl\/platform\/ctstring|xla\/tsl\/c\/).*\.h$/;

/** Where a file of the wheel goes, or `undefined` for the thousands that are not needed. */
function unpackedName(wheelName: string): string | undefined {
  const prefix = 'tensorflow/';
  if (!wheelName.startsWith(prefix)) return undefined;
  const name = wheelName.slice(prefix.length);
  if (name === wheelLibrary || name === frameworkLibrary) return `lib/${name}`;
  if (name === 'THIRD_PARTY_NOTICES.txt') return name;
  if (name === 'include/LICENSE') return 'LICENSE';
  return headers.test(name) ? name : undefined;
}

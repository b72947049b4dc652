import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile, digestOfJson, type Digest } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import type { Release } from './release.ts';

/** TensorFlow's C library on this machine. */
export interface TensorflowLibrary {
  /** Where it comes from, for people: a package name or a folder. */
  readonly origin: string;
  /** Changes whenever the library does. */
  readonly identity: Digest;
  /** The folder of both shared libraries. */
  readonly libraryFolder: string;
  /** File name of the library that holds the C API: `libtensorflow_cc.so.2` in wheels, else `libtensorflow.so.2`. */
  readonly main: string;
  readonly includeFolder: string;
}

/** What a cached library consists of, written when it was unpacked. */
export interface LibraryManifest {
  readonly wheel: Digest;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly digest: Digest }>>;
}

export const manifestName = 'manifest.json';
export const frameworkLibrary = 'libtensorflow_framework.so.2';
export const wheelLibrary = 'libtensorflow_cc.so.2';
const mainLibraries = [wheelLibrary, 'libtensorflow.so.2'];

/**
 * The library in a folder that the user named: an unpacked C library (`lib/`, `include/`) or the `tensorflow` folder
 * of a Python installation.
 *
 * @throws InvalidInputError `setup/not-tensorflow` that lists what was looked for.
 */
export async function givenLibrary(folder: string): Promise<TensorflowLibrary> {
  for (const libraryFolder of [join(folder, 'lib'), folder]) {
    for (const main of mainLibraries) {
      const files = [join(libraryFolder, main), join(libraryFolder, frameworkLibrary)];
      const facts = await Promise.all(
        [...files, join(folder, 'include/tensorflow/c/c_api.h')].map(fileFacts),
      );
      if (facts.every((fact) => fact !== undefined)) {
        const includeFolder = join(folder, 'include');
        const identity = digestOfJson({ files, facts });
        return { origin: folder, identity, libraryFolder, main, includeFolder };
      }
    }
  }
  throw new InvalidInputError(
    'setup/not-tensorflow',
    'There is no TensorFlow C library with its headers here.',
    {
      where: `BLOCKSTILL_TENSORFLOW_DIR=${folder}`,
      hint:
        `Looked for ${mainLibraries.join(' or ')} and ${frameworkLibrary} in it and in lib/, and for ` +
        'include/tensorflow/c/c_api.h. Name such a folder, or unset BLOCKSTILL_TENSORFLOW_DIR to have one fetched.',
    },
  );
}

/** Where a release is kept in the cache, and what it will be there; it may not be there yet. */
export function cachedLibrary(cache: string, release: Release): TensorflowLibrary {
  const folder = join(cache, 'tensorflow', `${release.distribution}-${release.version}`);
  return {
    origin: release.distribution,
    identity: release.wheel,
    libraryFolder: join(folder, 'lib'),
    main: wheelLibrary,
    includeFolder: join(folder, 'include'),
  };
}

/** Whether a cached folder holds, byte for byte, what was unpacked from this wheel. */
export async function isIntact(folder: string, wheel: Digest, signal?: AbortSignal): Promise<boolean> {
  const manifest = await readManifest(join(folder, manifestName));
  if (manifest?.wheel !== wheel) return false;
  for (const [name, expected] of Object.entries(manifest.files)) {
    const path = join(folder, name);
    if ((await fileFacts(path))?.bytes !== expected.bytes) return false;
    if ((await digestOfFile(path, signal)) !== expected.digest) return false;
  }
  return true;
}

/** Size and time of the two libraries: cheap to get, and different after any change or loss. */
export async function libraryFacts(library: TensorflowLibrary): Promise<unknown> {
  const names = [library.main, frameworkLibrary];
  return await Promise.all(names.map(async (name) => await fileFacts(join(library.libraryFolder, name))));
}

async function fileFacts(path: string): Promise<{ bytes: number; modified: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, modified: mtimeMs };
  } catch {
    return undefined;
  }
}

async function readManifest(path: string): Promise<LibraryManifest | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LibraryManifest;
  } catch {
    return undefined;
  }
}

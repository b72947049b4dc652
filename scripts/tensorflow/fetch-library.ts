import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Digest } from '../../common/digest.ts';
import { downloadWheel } from './download-wheel.ts';
import { isIntact } from './library.ts';
import { megabytes, showGrowth, type Output } from './progress.ts';
import type { Release } from './release.ts';
import { unpackWheel } from './unpack-wheel.ts';

const partialPrefix = '.partial-';

/**
 * Fetches a release's wheel through pip and leaves its C library in `folder`. Everything is done beside it first and
 * moved there in one step, so `folder` is whole or absent, and two set-ups at once do not disturb each other.
 */
export async function fetchLibrary(
  release: Release,
  folder: string,
  options: { output: Output; signal: AbortSignal },
): Promise<void> {
  const { output, signal } = options;
  const partial = join(dirname(folder), `${partialPrefix}${hostname()}-${process.pid}`);
  try {
    await rm(partial, { recursive: true, force: true }); // Of a killed process that had the same number.
    const downloads = join(partial, 'download');
    await mkdir(downloads, { recursive: true });
    const size = megabytes(release.wheelBytes);
    output.write(
      `Waiting for the download of TensorFlow ${release.version} (${size} MB, once a machine) ...\n`,
    );
    const wheel = await showGrowth(downloads, release.wheelBytes, {
      output,
      work: async () => await downloadWheel(release, downloads, signal),
    });
    output.write('Unpacking it (about 5 s) ...\n');
    const unpacked = join(partial, 'unpacked');
    await unpackWheel(wheel, unpacked, { wheel: release.wheel, signal });
    await moveIntoPlace(unpacked, folder, release.wheel);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function moveIntoPlace(unpacked: string, folder: string, wheel: Digest): Promise<void> {
  try {
    await rename(unpacked, folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    // Something is there: another set-up was faster, or it is a damaged copy that this one replaces.
    if (await isIntact(folder, wheel)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(unpacked, folder);
  }
}

/** Removes from the folder of all libraries what set-ups of this machine left behind that were killed. */
export async function removeLeftovers(folder: string): Promise<void> {
  const own = `${partialPrefix}${hostname()}-`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(own))) {
    if (await isRunning(Number(name.slice(own.length)))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isRunning(processId: number): Promise<boolean> {
  // Not by a signal: in a container without an init process a killed one stays as a zombie, whose command is empty.
  const command = await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
  return command !== '';
}

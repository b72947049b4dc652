import { chmod, copyFile, lutimes, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../../common/error.ts';

/** A file of an image: where it lies on this machine, and where in the image. */
export interface CopiedFile {
  readonly from: string;
  /** Absolute. */
  readonly to: string;
}

/** A file of an image that is on no machine. */
interface WrittenFile {
  readonly text: string;
  /** Absolute. */
  readonly to: string;
}

export type ImageFile = CopiedFile | WrittenFile;

/** Lays files out in a folder as they lie in an image. Links become the files that they lead to. */
export async function layOut(files: readonly ImageFile[], folder: string): Promise<void> {
  for (const file of files) {
    const target = join(folder, file.to);
    await mkdir(dirname(target), { recursive: true });
    if ('from' in file) await copyFile(file.from, target);
    else await writeFile(target, file.text);
  }
}

/**
 * Makes a laid-out folder the same wherever and whenever it was made: read by all, written by its owner alone, and every
 * file as old as `SOURCE_DATE_EPOCH` says, in seconds; else of 1970.
 *
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export async function settle(folder: string): Promise<void> {
  const time = Number(process.env['SOURCE_DATE_EPOCH'] ?? 0);
  if (!Number.isInteger(time) || time < 0) {
    throw new InvalidInputError('setup/usage', 'SOURCE_DATE_EPOCH is no number of seconds since 1970.', {
      hint: 'Give it the time of the commit: git log -1 --format=%ct',
    });
  }
  const entries = await readdir(folder, { recursive: true });
  for (const path of [...entries.map((name) => join(folder, name)), folder]) {
    const { mode } = await stat(path);
    // A place for temporary files is left as it is.
    if ((mode & 0o1000) === 0) await chmod(path, (mode & 0o111) === 0 ? 0o644 : 0o755);
    await lutimes(path, time, time);
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BlockstillError, InvalidInputError, type ErrorCode } from './error.ts';

/**
 * Writes a file so that a reader sees the old content or the new, never a part: temporary file in the same folder,
 * fsync, rename, fsync of the folder.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // What went wrong is the first error, not that the temporary file can't be removed either.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asStorageError(error, path);
  }
  await syncFolder(folder);
}

const storageMistakes: Readonly<Record<string, { code: ErrorCode; message: string; hint: string }>> = {
  ENOSPC: {
    code: 'storage/no-space',
    message: 'The disk is full.',
    hint: 'Free some space and run the same command again.',
  },
  EDQUOT: {
    code: 'storage/no-space',
    message: 'The disk quota is used up.',
    hint: 'Free some space and run the same command again.',
  },
  EROFS: {
    code: 'storage/not-writable',
    message: 'The file system is read-only.',
    hint: 'Choose a folder that can be written.',
  },
  EACCES: {
    code: 'storage/not-writable',
    message: 'Writing is not permitted.',
    hint: 'Check the owner and the permissions of the folder.',
  },
  EPERM: {
    code: 'storage/not-writable',
    message: 'Writing is not permitted.',
    hint: 'Check the owner and the permissions of the folder.',
  },
  // What mkdir says of a file in the place of a folder.
  EEXIST: {
    code: 'storage/not-writable',
    message: 'A part of the path is a file, not a folder.',
    hint: 'Choose another folder.',
  },
  ENOTDIR: {
    code: 'storage/not-writable',
    message: 'A part of the path is a file, not a folder.',
    hint: 'Choose another folder.',
  },
};

/** The mistakes that a user can mend, as sentences; anything else stays as it is. */
export function asStorageError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mistake = storageMistakes[code];
  if (mistake === undefined) return error;
  return new BlockstillError(mistake.code, mistake.message, {
    where: path,
    hint: mistake.hint,
    cause: error,
  });
}

/**
 * As {@link asStorageError}, for a folder that the user has chosen: one that can't be written is bad input, since the
 * next attempt can't write it either, while a full disk may have room by then.
 */
export function asStorageInputError(error: unknown, path: string): unknown {
  const told = asStorageError(error, path);
  if (!(told instanceof BlockstillError) || told.code !== 'storage/not-writable') return told;
  const { code, message, where, hint, cause } = told;
  return new InvalidInputError(code, message, { where, hint, cause });
}

/** Makes renames in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

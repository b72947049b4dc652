import { BlockstillError } from '../../common/error.ts';

const outOfSpace = new Set(['ENOSPC', 'EDQUOT']);
const notWritable = new Set(['EACCES', 'EPERM', 'EROFS']);

/** What a folder is to hold, and how much room that takes. */
interface Content {
  readonly name: string;
  readonly room: string;
}

const tensorflow: Content = { name: 'TensorFlow', room: '1.1 GB there (2 GB for the GPU build)' };

export function noSpaceError(folder: string, cause?: unknown, content = tensorflow): BlockstillError {
  return new BlockstillError('setup/disk-full', `There is no room left for ${content.name} in ${folder}.`, {
    hint: `It needs about ${content.room}. Free some room, or name another folder in BLOCKSTILL_CACHE.`,
    cause,
  });
}

/** Turns what a file system says about a folder into what its owner can do about it; other errors stay as they are. */
export function explainFileError(error: unknown, folder: string, content = tensorflow): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  // Node's recursive mkdir answers ENOENT on a read-only file system.
  const cannotMakeFolder = code === 'ENOENT' && 'syscall' in error && error.syscall === 'mkdir';
  if (outOfSpace.has(code)) return noSpaceError(folder, error, content);
  if (notWritable.has(code) || cannotMakeFolder) {
    return new BlockstillError('setup/not-writable', `${folder} cannot be written to.`, {
      hint: 'Make it writable, or name another folder in BLOCKSTILL_CACHE.',
      cause: error,
    });
  }
  return error;
}

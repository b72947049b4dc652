import { join } from 'node:path';
import { digestOfFile } from '../../common/digest.ts';
import type { Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import type { DatasetIndex } from './dataset-index.ts';

/**
 * Reads every file of a materialised data set and compares it with the index.
 *
 * @throws BlockstillError `data/damaged` naming the first file that is missing or differs.
 */
export async function verifyFiles(folder: string, index: DatasetIndex, signal?: AbortSignal): Promise<void> {
  for (const { file, digest } of filesOf(index)) {
    const found = await digestOrError(join(folder, file), signal);
    if (found === digest) continue;
    throw new BlockstillError('data/damaged', 'A file of the materialised data set is missing or damaged.', {
      where: join(folder, file),
      hint: 'Delete the folder and run the job again: prepare writes it anew.',
      ...(found instanceof Error && { cause: found }),
    });
  }
}

/** Every file of a materialised data set but the index. */
export function filesOf({
  splits,
}: DatasetIndex): readonly { readonly file: string; readonly digest: Digest }[] {
  return Object.values(splits).flatMap((split) =>
    'count' in split ? [...split.shards, ...(split.labels === null ? [] : [split.labels])] : [],
  );
}

async function digestOrError(path: string, signal: AbortSignal | undefined): Promise<Digest | Error> {
  try {
    return await digestOfFile(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}

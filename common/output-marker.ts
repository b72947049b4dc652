import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { BlockstillError, InvalidInputError } from './error.ts';

/** Says whose student a folder holds. Written last and removed first, so its presence means that all is there. */
export const markerFile = 'blockstill.json';
/** The same while a student is being written: a publishing that broke off may be begun again by its own job alone. */
export const claimFile = '.blockstill-publishing.json';

const markerSchema = z.object({
  job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  /**
   * The folder of the job's exchange folders, `<storage root>/<namespace>`, from the output folder. It tells two
   * manifests of one name apart, while an edit of the manifest, which changes the uid, leaves it. Relative, so that it
   * stays right when a project is moved and gives no path away when a student is.
   */
  origin: z.string(),
  digest: z.string(),
});
export type OutputMarker = z.infer<typeof markerSchema>;

/**
 * The marker or claim in `path`, or undefined when there is none.
 *
 * @throws InvalidInputError `storage/output-taken` when it is not one, BlockstillError `storage/unreadable`
 */
export async function readMarker(path: string): Promise<OutputMarker | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InvalidInputError(
      'storage/output-taken',
      `The file ${basename(path)} in the output folder is damaged, or not Blockstill's: whose files lie there can't be told.`,
      { where: path, hint: 'Give spec.output.uri another folder, or remove this one.', cause },
    );
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new BlockstillError('storage/unreadable', `The file ${basename(path)} can't be read.`, {
      where: path,
      hint: 'Check the permissions of the output folder and the disk.',
      cause,
    });
  }
}

/** Where the job whose exchange folder is `exchange` comes from, as a marker in `folder` says it. */
export async function originOf(exchange: string, folder: string): Promise<string> {
  return relative(await realPath(folder), await realPath(dirname(resolve(exchange))));
}

/** The path without symbolic links; what does not exist yet is kept as it is. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    return join(await realPath(dirname(path)), basename(path));
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { digestOfBytes } from './digest.ts';
import { InvalidInputError } from './error.ts';
import { isS3Uri, parseS3Uri, s3Uri } from './s3/s3-location.ts';

/** Says whose student a folder holds. Written last and removed first, so its presence means that all is there. */
export const markerFile = 'blockstill.json';
/** The same while a student is being written: a publishing that broke off may be begun again by its own job alone. */
export const claimFile = '.blockstill-publishing.json';

const markerSchema = z.object({
  job: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  /**
   * The folder of the job's exchange folders, `<storage root>/<namespace>`, from the output folder. It tells two
   * manifests of one name apart, while an edit of the manifest, which changes the uid, leaves it. Relative, so that it
   * stays right when a project is moved and gives no path away when a student is. A digest of it where one of the two is
   * on S3.
   */
  origin: z.string(),
  digest: z.string(),
});
export type OutputMarker = z.infer<typeof markerSchema>;

/** @throws InvalidInputError `storage/output-taken` when the text of the file `where` is not a marker */
export function parseMarker(text: string, where: string): OutputMarker {
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InvalidInputError(
      'storage/output-taken',
      `The file ${basename(where)} in the output folder is damaged, or not Blockstill's: whose files lie there can't be told.`,
      { where, hint: 'Give spec.output.uri another folder, or remove this one.', cause },
    );
  }
}

/** Where the job whose exchange folder is `exchange` comes from, as a marker in the folder `folder` says it. */
export async function originInFolder(exchange: string, folder: string): Promise<string> {
  if (isS3Uri(exchange)) return originOutside(exchange);
  return relative(await realPath(folder), await realPath(dirname(resolve(exchangePath(exchange)))));
}

/** The same where output and exchange have no path in common; a digest, which gives neither path nor bucket away. */
export async function originOutside(exchange: string): Promise<string> {
  if (!isS3Uri(exchange)) return digestOfBytes(await realPath(dirname(resolve(exchangePath(exchange)))));
  const { bucket, key } = parseS3Uri(exchange);
  return digestOfBytes(s3Uri({ bucket, key: key.split('/').slice(0, -1).join('/') }));
}

/** For a sentence: where the storage of the job lies that an origin is of, where that can be told. */
export function whereIs(origin: string, folder: string): string {
  return origin.startsWith('sha256:') ? '' : `; its storage is ${join(folder, origin)}`;
}

/** The path of an exchange on a file system, which may be given as a `file:` URI. */
export function exchangePath(exchange: string): string {
  return exchange.startsWith('file:') ? fileURLToPath(exchange) : exchange;
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

import { InvalidInputError } from '../error.ts';

/** An object, or as a folder all objects whose keys begin with `<key>/`. */
export interface S3Location {
  readonly bucket: string;
  /** Without a slash at either end; empty for the whole bucket. */
  readonly key: string;
}

export function isS3Uri(uri: string): boolean {
  return uri.startsWith('s3://');
}

/**
 * Reads `s3://bucket/key`. The key is taken as it is written, as other tools do: nothing in it is percent-encoded.
 *
 * @throws InvalidInputError `storage/bad-uri`
 */
export function parseS3Uri(uri: string, field?: string): S3Location {
  const location = partsOf(uri);
  const wrong = mistakeIn(location);
  if (wrong === undefined) return location;
  throw new InvalidInputError('storage/bad-uri', `"${uri}" names nothing on S3: ${wrong}.`, {
    where: field,
    hint: 'Write it as s3://bucket/folder/name.',
  });
}

/** What is wrong with an S3 URI, to complete a sentence; undefined when nothing is. */
export function mistakeInS3Uri(uri: string): string | undefined {
  return mistakeIn(partsOf(uri));
}

/** A location below another. */
export function below({ bucket, key }: S3Location, ...parts: readonly string[]): S3Location {
  return { bucket, key: [key, ...parts].filter((part) => part !== '').join('/') };
}

export function s3Uri({ bucket, key }: S3Location): string {
  return key === '' ? `s3://${bucket}` : `s3://${bucket}/${key}`;
}

/** What all keys of a folder begin with. */
export function prefixOf({ key }: S3Location): string {
  return key === '' ? '' : `${key}/`;
}

/** Whether a key can be a path below a local folder: others could lead out of it. */
export function isPathLike(key: string): boolean {
  return key.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
}

function partsOf(uri: string): S3Location {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)(?:\/(.*?))?\/?$/.exec(uri) ?? [];
  return { bucket, key };
}

function mistakeIn({ bucket, key }: S3Location): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket))
    return bucket === '' ? 'there is no bucket in it' : `"${bucket}" can't be the name of a bucket`;
  return key === '' || isPathLike(key) ? undefined : 'a part of its path is empty, "." or ".."';
}

import { readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { InvalidInputError } from '../../common/error.ts';
import { shardFile, shardsOf } from '../../common/model-files.ts';
import type { ObjectStore } from '../../common/s3/object-store.ts';
import { openObjectStore, type S3Settings } from '../../common/s3/open-object-store.ts';
import { below, isPathLike, parseS3Uri, s3Uri, type S3Location } from '../../common/s3/s3-location.ts';
import { mapInOrder } from '../data/map-in-order.ts';

export interface S3DownloadOptions {
  /** Where downloads are put: `<folder>/s3/<bucket>/<key>`. */
  readonly folder: string;
  readonly s3: S3Settings;
  readonly signal: AbortSignal;
  /** The field of the manifest, for messages. */
  readonly field: string;
}

const filesAtOnce = 8;

/**
 * Downloads a file, or a folder with all that is below it, and gives its local path. What was downloaded before is not
 * downloaded again.
 *
 * @throws InvalidInputError `data/not-found`, `data/bad-key`, and what `asS3Error` tells
 */
export async function downloadFromS3(uri: string, options: S3DownloadOptions): Promise<string> {
  const location = parseS3Uri(uri, options.field);
  return withStore(options, async (store) => {
    if (await isFile(store, location)) return download(store, location, options);
    const files: S3Location[] = [];
    for await (const { name } of store.list(location)) {
      if (!isPathLike(name)) throw badKey(below(location, name), options);
      files.push(below(location, name));
    }
    if (files.length === 0) throw notFound(location, options);
    const downloads = mapInOrder(files, filesAtOnce, (file) => download(store, file, options));
    for await (const _ of downloads);
    return localPathOf(location, options);
  });
}

/**
 * Downloads a model, given as model.json or as the folder that holds it: model.json and the weight files that it names,
 * and nothing else that may lie there.
 *
 * @returns the local path of model.json
 * @throws InvalidInputError as {@link downloadFromS3} does
 */
export async function downloadModelFromS3(uri: string, options: S3DownloadOptions): Promise<string> {
  const location = parseS3Uri(uri, options.field);
  return withStore(options, async (store) => {
    const modelJson = (await isFile(store, location)) ? location : below(location, 'model.json');
    const path = await download(store, modelJson, options);
    const folder = { ...modelJson, key: posix.dirname(`/${modelJson.key}`).slice(1) };
    for (const shard of shardsOf(await readFile(path))) {
      // Where a name leads out of the folder, whoever loads the model says so.
      if (shardFile(path, shard) === undefined) continue;
      await download(store, below(folder, posix.normalize(shard)), options);
    }
    return path;
  });
}

async function withStore<Answer>(
  { field, s3, signal }: S3DownloadOptions,
  work: (store: ObjectStore) => Promise<Answer>,
): Promise<Answer> {
  using store = await openObjectStore(s3, { signal, field });
  return await work(store);
}

async function isFile(store: ObjectStore, location: S3Location): Promise<boolean> {
  return location.key !== '' && (await store.facts(location)) !== undefined;
}

async function download(store: ObjectStore, object: S3Location, options: S3DownloadOptions): Promise<string> {
  const path = localPathOf(object, options);
  const isHere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isHere && !(await store.download(object, path))) throw notFound(object, options);
  return path;
}

function localPathOf({ bucket, key }: S3Location, { folder }: S3DownloadOptions): string {
  return join(folder, 's3', bucket, key);
}

function notFound(location: S3Location, { field }: S3DownloadOptions): InvalidInputError {
  return new InvalidInputError('data/not-found', `There is no object or folder "${s3Uri(location)}".`, {
    where: field,
    hint: 'Check the bucket and the path; upper and lower case differ.',
  });
}

function badKey(location: S3Location, { field }: S3DownloadOptions): InvalidInputError {
  return new InvalidInputError(
    'data/bad-key',
    `The key of "${s3Uri(location)}" can't be the path of a file.`,
    {
      where: field,
      hint: 'Rename the object: a part of its path is empty, "." or "..".',
    },
  );
}

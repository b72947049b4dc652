import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { DataLocation, DataSource } from '../../crds/compiled-job.ts';
import { digestOfFile } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import type { S3Settings } from '../../common/s3/open-object-store.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import type { DatasetSource, DatasetSpec, SplitFraction } from '../data/dataset-spec.ts';
import { downloadFromS3 } from './download-from-s3.ts';
import { fetchByTls } from './fetch-by-tls.ts';

export interface ResolveOptions {
  /** Where downloads are put. */
  readonly folder: string;
  /** How to reach `s3://` URIs. */
  readonly s3: S3Settings;
  readonly signal: AbortSignal;
}

/** The manifest's data with every URI opened to a local path. */
export async function resolveDataset(
  dataset: JobSpec['dataset'],
  options: ResolveOptions,
): Promise<DatasetSpec> {
  return {
    format: dataset.format,
    train: await resolveSource(dataset.train, 'spec.dataset.train', options),
    validation: await resolveLocation(dataset.validation, 'spec.dataset.validation', options),
    test: dataset.test && (await resolveLocation(dataset.test, 'spec.dataset.test', options)),
    preprocessing: dataset.preprocessing,
    augmentation: dataset.augmentation,
  };
}

async function resolveLocation(
  location: DataLocation,
  field: string,
  options: ResolveOptions,
): Promise<DatasetSource | SplitFraction> {
  return 'fraction' in location && location.fraction !== undefined
    ? { fraction: location.fraction }
    : resolveSource(location as DataSource, field, options);
}

async function resolveSource(
  source: DataSource,
  field: string,
  options: ResolveOptions,
): Promise<DatasetSource> {
  const { uri, labelsUri, ...rest } = source;
  const path = await localPath(uri, { field: `${field}.uri`, sha256: rest.sha256, ...options });
  if (labelsUri === undefined) return { path, ...rest };
  const labelsPath = await localPath(labelsUri, {
    field: `${field}.labelsUri`,
    sha256: rest.labelsSha256,
    ...options,
  });
  return { path, labelsPath, ...rest };
}

export interface LocalPathOptions extends ResolveOptions {
  /** The field of the manifest, for messages. */
  readonly field: string;
  readonly sha256?: string | undefined;
}

/**
 * The local path of what a URI names. `https://` is downloaded once and its digest checked; so is `s3://`, a file or a
 * folder, whose digest is checked by whoever reads it.
 *
 * @throws InvalidInputError `data/not-found` or `data/digest`, BlockstillError `storage/download`; for S3 what
 *   `asS3Error` tells.
 */
export async function localPath(uri: string, options: LocalPathOptions): Promise<string> {
  const { protocol } = new URL(uri);
  switch (protocol) {
    case 'file:':
      return existing(fileURLToPath(uri), options.field);
    case 'https:':
      return download(uri, options);
    case 's3:':
      return downloadFromS3(uri, options);
    default:
      throw new InvalidInputError('storage/unsupported-uri', `"${uri}" can't be opened here.`, {
        where: options.field,
        hint: 'Use file:///..., s3://..., https://... with a sha256, or, in a local run, a path relative to the manifest.',
      });
  }
}

async function existing(path: string, field: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (cause) {
    throw new InvalidInputError('data/not-found', `There is no file or folder "${path}".`, {
      where: field,
      hint: 'Check the path; in a local run it may be relative to the manifest.',
      cause,
    });
  }
}

async function download(uri: string, options: LocalPathOptions): Promise<string> {
  const { field, folder, sha256, signal } = options;
  const target = join(folder, sha256 ?? 'unchecked', basename(new URL(uri).pathname) || 'download');
  if (
    await digestOfFile(target).then(
      (digest) => digest === `sha256:${sha256}`,
      () => false,
    )
  )
    return target;
  await mkdir(join(target, '..'), { recursive: true });
  const { body } = await fetchByTls(uri, { field, signal });
  await pipeline(body === null ? [] : Readable.fromWeb(body as never), createWriteStream(`${target}.tmp`), {
    signal,
  });
  const digest = await digestOfFile(`${target}.tmp`);
  if (digest !== `sha256:${sha256}`) {
    throw new InvalidInputError('data/digest', `"${uri}" has the digest ${digest}, not sha256:${sha256}.`, {
      where: field,
    });
  }
  await rename(`${target}.tmp`, target);
  return target;
}

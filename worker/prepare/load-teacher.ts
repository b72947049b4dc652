import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile, type Digest } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { isS3Uri } from '../../common/s3/s3-location.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { loadNetwork, networkFromJson } from '../models/load.ts';
import type { Network } from '../models/network.ts';
import { downloadModelFromS3 } from './download-from-s3.ts';
import { fetchByTls } from './fetch-by-tls.ts';
import { localPath, type ResolveOptions } from './resolve-inputs.ts';

/**
 * Loads the teacher that the manifest names.
 *
 * @throws InvalidInputError `model/digest` when model.json is not the pinned one, `model/changed` when the files do not add
 *   up to `options.digest`, and what {@link loadNetwork} throws.
 */
export async function loadTeacher(
  { dataset, teacher }: Pick<JobSpec, 'teacher' | 'dataset'>,
  options: ResolveOptions & { readonly digest?: Digest | undefined },
): Promise<Network> {
  const { sha256, uri } = teacher;
  const { image } = dataset.preprocessing;
  const inputShape = image && [image.height, image.width, image.channels];
  const field = 'spec.teacher.uri';
  const path = isS3Uri(uri)
    ? await downloadModelFromS3(uri, { ...options, field })
    : await localPath(uri, { ...options, field, sha256 });
  if (new URL(uri).protocol === 'https:') return loadFromWeb(uri, path, { ...options, inputShape });
  if (sha256 !== undefined) {
    const file = (await stat(path)).isDirectory() ? join(path, 'model.json') : path;
    const digest = await digestOfFile(file, options.signal);
    if (digest !== `sha256:${sha256}`) {
      throw new InvalidInputError('model/digest', `The teacher's model.json has the digest ${digest}.`, {
        where: file,
        hint: `spec.teacher.sha256 says ${sha256}. Use the model that was meant, or correct the digest.`,
      });
    }
  }
  const { digest, signal } = options;
  try {
    return await loadNetwork(path, { inputShape, digest, signal });
  } catch (error) {
    if (!(error instanceof InvalidInputError && error.code === 'model/changed')) throw error;
    throw new InvalidInputError('model/changed', 'The teacher was replaced while the job began.', {
      where: path,
      hint: 'Run the same command again: with another teacher it is another job.',
    });
  }
}

/** The weight files lie beside model.json on the server; the paths in it may not lead elsewhere. */
async function loadFromWeb(
  uri: string,
  modelJson: string,
  { inputShape, signal }: Pick<ResolveOptions, 'signal'> & { inputShape: readonly number[] | undefined },
): Promise<Network> {
  const folder = new URL('.', uri).href;
  const readShard = async (shard: string, mostBytes: number): Promise<Uint8Array> => {
    const url = new URL(shard, folder).href;
    if (!url.startsWith(folder)) {
      throw new InvalidInputError(
        'model/shard-path',
        `The weight file "${shard}" lies outside the model's folder.`,
        {
          where: uri,
        },
      );
    }
    return await bytesWithin(await fetchByTls(url, { field: 'spec.teacher.uri', signal }), mostBytes);
  };
  return networkFromJson(JSON.parse(await readFile(modelJson, 'utf8')), readShard, {
    where: uri,
    inputShape,
  });
}

/**
 * The first bytes of an answer and a piece beyond, which whoever reads the weights finds too long: a server can go on for ever.
 * Leaving the loop ends the connection.
 */
async function bytesWithin({ body }: Response, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > mostBytes) break;
  }
  return Buffer.concat(pieces);
}

import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { digestOfJson } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { cacheFolder } from '../cache-folder.ts';
import { makeFolder } from '../cluster/go-build.ts';
import { isThere } from '../cluster/kubernetes.ts';
import type { CopiedFile } from '../images/image-file.ts';
import { cudaParts, cudaPath, type CudaPart } from './cuda.ts';
import { downloadWheel } from './download-wheel.ts';
import { explainFileError } from './file-error.ts';
import { requireTools } from './missing-tools.ts';
import { megabytes, type Output } from './progress.ts';

export interface CudaLibraries {
  /** Where they lie on this machine. */
  readonly folder: string;
  readonly files: readonly CopiedFile[];
}

/**
 * The CUDA libraries as files of an image, fetched into the cache if they are not there yet: 1.6 GB to download.
 *
 * @param target the folder in the image that holds TensorFlow's `lib`
 */
export async function cudaLibraries(
  target: string,
  options: { output: Output; signal: AbortSignal },
): Promise<CudaLibraries> {
  const digest = digestOfJson(cudaParts.map(({ files, ...part }) => ({ ...part, files: files.source })));
  const folder = join(
    cacheFolder(),
    'tensorflow',
    `cuda-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`,
  );
  if (!(await isThere(folder))) {
    await requireTools({ download: true, compile: false });
    try {
      await makeFolder(folder, 'nvidia', async (partial) => {
        for (const part of cudaParts) await fetchPart(part, partial, options);
      });
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'the CUDA libraries', room: '3 GB there' });
    }
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return { folder, files: paths.map((from) => ({ from, to: join(target, from.slice(folder.length)) })) };
}

async function fetchPart(
  part: CudaPart,
  folder: string,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<void> {
  const { distribution, version, wheelBytes } = part;
  output.write(`Downloading ${distribution} ${version} (${megabytes(wheelBytes)} MB) ...\n`);
  const downloads = join(folder, 'download');
  await mkdir(downloads, { recursive: true });
  await unpackPart(part, await downloadWheel(part, downloads, signal), { folder, signal });
  await rm(downloads, { recursive: true });
}

async function unpackPart(
  part: CudaPart,
  wheel: string,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<void> {
  const zip = await openPromise(wheel);
  let libraries = 0;
  for await (const entry of zip.eachEntry()) {
    const name = cudaPath(part, entry.fileName);
    if (name === undefined) continue;
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path), { signal });
    if (name.endsWith('/License.txt')) continue;
    libraries++;
    if (name.endsWith('/bin/ptxas')) await chmod(path, 0o755);
  }
  if (libraries > 0) return;
  throw new BlockstillError(
    'setup/download-failed',
    `${part.distribution} ${part.version} holds none of the libraries that it should.`,
  );
}

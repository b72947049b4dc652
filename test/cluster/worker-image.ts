import { mkdir, mkdtempDisposable, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfFile, digestOfJson } from '../../common/digest.ts';
import { bundle } from '../../scripts/bundle.ts';
import { cacheFolder } from '../../scripts/cache-folder.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';
import type { ImageFile } from '../../scripts/images/image-file.ts';
import { layOutWorker, workerFiles, workerImageConfig } from '../../scripts/lay-out-worker.ts';
import { writeImage } from './node/image.ts';

export interface WorkerImage {
  /** Its name in a cluster. */
  readonly reference: string;
  /** To be put onto a node with `loadImage`. */
  readonly archive: string;
}

/** Each has nearly a gigabyte. */
const keptImages = 4;

/**
 * The worker's image, made of this checkout and of this machine's Node, TensorFlow and C library: about 930 MB, of which
 * TensorFlow has 780. Made anew only when one of its files has changed; the cache keeps the ones that were used last.
 */
export async function writeWorkerImage(): Promise<WorkerImage> {
  await using work = await mkdtempDisposable(join(tmpdir(), 'blockstill-worker-'));
  const programs = join(work.path, 'programs');
  await bundle(programs);
  const files = await workerFiles(programs);
  const tag = (await digestOfFiles(files)).slice('sha256:'.length, 'sha256:'.length + 16);
  const folder = join(cacheFolder(), 'worker-images');
  const image = { reference: `localhost/blockstill-worker:${tag}`, archive: join(folder, `${tag}.tar`) };
  await mkdir(folder, { recursive: true });
  await removeUnused(folder);
  if (await isThere(image.archive)) {
    const now = new Date();
    await utimes(image.archive, now, now);
    return image;
  }
  // Whoever runs in the image must be allowed to enter its root, unlike a temporary folder.
  const layout = join(work.path, 'layout');
  await mkdir(layout, { mode: 0o755 });
  await layOutWorker(files, layout);
  const partial = `${image.archive}.${process.pid}.tmp`;
  try {
    await writeImage(partial, {
      reference: image.reference,
      files: layout,
      config: { ...workerImageConfig },
    });
    await rename(partial, image.archive);
  } finally {
    await rm(partial, { force: true });
  }
  return image;
}

async function digestOfFiles(files: readonly ImageFile[]) {
  const contents: [string, string][] = [];
  for (const { from, to } of files) contents.push([to, await digestOfFile(from)]);
  return digestOfJson({ contents, config: workerImageConfig });
}

/** Other checkouts may use the newest ones at this moment; an unfinished one counts as any other. */
async function removeUnused(folder: string): Promise<void> {
  const images: { path: string; usedAt: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined);
    images.push({ path, usedAt: facts?.mtimeMs ?? 0 });
  }
  const newestFirst = images.toSorted((one, other) => other.usedAt - one.usedAt);
  for (const { path } of newestFirst.slice(keptImages)) await rm(path, { force: true });
}

import { mkdir, mkdtempDisposable, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfBytes, digestOfFile, digestOfJson } from '../../common/digest.ts';
import { bundle, type Programs } from '../../scripts/bundle.ts';
import { cacheFolder } from '../../scripts/cache-folder.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';
import type { ImageFile } from '../../scripts/images/image-file.ts';
import { writeImage } from './node/image.ts';

export interface BuiltImage {
  /** Its name in a cluster. */
  readonly reference: string;
  /** To be put onto a node with `loadImage`. */
  readonly archive: string;
}

/** What an image is made of. */
export interface ImageRecipe {
  /** Such as `worker`. */
  readonly name: string;
  readonly config: object;
  /** Its files, with the bundles of these programs. */
  files(programs: Programs): Promise<readonly ImageFile[]>;
  layOut(files: readonly ImageFile[], folder: string): Promise<void>;
}

/** That of a worker has nearly a gigabyte. */
const keptImages = 4;

/**
 * An image made of this checkout and of this machine's files. Made anew only when one of its files has changed; the cache
 * keeps the ones that were used last.
 */
export async function buildImage(recipe: ImageRecipe): Promise<BuiltImage> {
  await using work = await mkdtempDisposable(join(tmpdir(), `blockstill-${recipe.name}-`));
  const files = await recipe.files(await bundle(join(work.path, 'programs')));
  const tag = (await digestOf(recipe, files)).slice('sha256:'.length, 'sha256:'.length + 16);
  const folder = join(cacheFolder(), `${recipe.name}-images`);
  const image = {
    reference: `localhost/blockstill-${recipe.name}:${tag}`,
    archive: join(folder, `${tag}.tar`),
  };
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
  await recipe.layOut(files, layout);
  const partial = `${image.archive}.${process.pid}.tmp`;
  try {
    await writeImage(partial, { reference: image.reference, files: layout, config: recipe.config });
    await rename(partial, image.archive);
  } finally {
    await rm(partial, { force: true });
  }
  return image;
}

async function digestOf({ config }: ImageRecipe, files: readonly ImageFile[]) {
  const contents: [string, string][] = [];
  for (const file of files) {
    contents.push([file.to, 'from' in file ? await digestOfFile(file.from) : digestOfBytes(file.text)]);
  }
  return digestOfJson({ contents, config });
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

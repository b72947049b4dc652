import { copyFile, cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { frameworkLibrary, type TensorflowLibrary } from './library.ts';

export function installedLibraries(packageFolder: string): string {
  return join(packageFolder, 'deps', 'lib');
}

export function installedAddon(packageFolder: string): string {
  return join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');
}

/**
 * Puts library and addon where `@tensorflow/tfjs-node-gpu` looks for them. The library is a link to where it lies,
 * or with `copy` a copy, for an image that must not depend on the cache.
 */
export async function install(
  packageFolder: string,
  options: { library: TensorflowLibrary; addon: string; copy: boolean },
): Promise<void> {
  const { library, addon, copy } = options;
  await putInPlace(installedLibraries(packageFolder), async (partial) => {
    if (!copy) {
      await symlink(library.libraryFolder, partial);
      return;
    }
    await mkdir(partial);
    for (const name of [library.main, frameworkLibrary]) {
      await cp(join(library.libraryFolder, name), join(partial, name), { dereference: true });
    }
  });
  await putInPlace(installedAddon(packageFolder), async (partial) => {
    await copyFile(addon, partial);
  });
}

/** Makes something under another name and renames it, so that a running process never meets half of it. */
async function putInPlace(path: string, make: (partial: string) => Promise<void>): Promise<void> {
  const partial = `${path}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  await rm(partial, { recursive: true, force: true });
  await make(partial);
  try {
    await rename(partial, path);
  } catch {
    // A rename replaces a file or a link; a folder, or a link that a folder shall replace, has to go first.
    await rm(path, { recursive: true, force: true });
    await rename(partial, path);
  }
}

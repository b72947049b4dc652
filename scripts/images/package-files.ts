import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isThere } from '../cluster/kubernetes.ts';
import type { CopiedFile } from './image-file.ts';

/**
 * What only a build of one's own needs: folders of sharp, and those of koffi, whose programs lie among its sources. Programs
 * for a shell, which an image has not. And binaries for the other C library.
 */
const unneeded =
  /^(install|doc|vendor|bin|musl_\w+)\/|^src\/(?!.*\.c?js$)|\/trampolines\.cjs$|^lib\/native\/|^cnoke\.cjs$/;

/**
 * The files of packages and of all that they depend on, as npm has put them into a folder; optional packages of other
 * machines are not there, and are not needed.
 *
 * @param target the folder in the image that is to be its `node_modules`
 */
export async function packageFiles(
  names: readonly string[],
  { modules, target }: { modules: string; target: string },
): Promise<readonly CopiedFile[]> {
  const wanted = [...names];
  const files: CopiedFile[] = [];
  // Grows while it is read.
  for (const name of wanted) {
    const folder = join(modules, name);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = relative(folder, join(entry.parentPath, entry.name));
      if (entry.isFile() && !unneeded.test(path)) {
        files.push({ from: join(folder, path), to: join(target, name, path) });
      }
    }
    for (const dependency of await dependenciesOf(folder, modules)) {
      if (!wanted.includes(dependency)) wanted.push(dependency);
    }
  }
  return files;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Names of packages beside this one; what a package has in a `node_modules` of its own comes along with it. */
async function dependenciesOf(folder: string, modules: string): Promise<readonly string[]> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  const names: string[] = [];
  for (const [name, optional] of [
    ...Object.keys(manifest.dependencies ?? {}).map((each) => [each, false] as const),
    ...Object.keys(manifest.optionalDependencies ?? {}).map((each) => [each, true] as const),
  ]) {
    if (await isThere(join(folder, 'node_modules', name))) continue;
    if (await isThere(join(modules, name))) names.push(name);
    else if (!optional) throw new Error(`${folder} needs ${name}, which is not installed.`);
  }
  return names;
}

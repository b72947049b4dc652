import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { requiredVersion, sourcesOf, type GoModule } from '../cluster/go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which the checkers of manifests are built for tests. */
export const checkersModule: GoModule = {
  folder: join(root, 'test', 'chart', 'checkers'),
  name: 'kubeconform and kube-score',
  otherwise: 'do without the checks of manifests',
};

/** Their packages, by the name of the program. */
export const checkerPackages = {
  kubeconform: 'github.com/yannh/kubeconform',
  'kube-score': 'github.com/zegl/kube-score',
} as const;

export type Checker = keyof typeof checkerPackages;

export const checkerLinkerOptions = '-s -w';

/** Such as `kubeconform v0.8.0 and kube-score v1.20.0`. */
export async function checkersVersion(): Promise<string> {
  const versions = await Promise.all(
    Object.entries(checkerPackages).map(
      async ([name, path]) => `${name} ${await requiredVersion(checkersModule.folder, path)}`,
    ),
  );
  return versions.join(' and ');
}

/** The folder in the cache with the programs built from the module as it is now; it may not be there yet. */
export async function checkersFolder(): Promise<string> {
  const sources = await sourcesOf(checkersModule.folder);
  const parts = { sources, linker: checkerLinkerOptions, processor: process.arch };
  return join(cacheFolder(), `checkers-${digestOfJson(parts).slice('sha256:'.length).slice(0, 16)}`);
}

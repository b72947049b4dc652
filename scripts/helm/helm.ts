import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { isThere } from '../cluster/kubernetes.ts';
import { requiredVersion, sourcesOf, type GoModule } from '../cluster/go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which Helm is built for tests. */
export const helmModule: GoModule = {
  folder: join(root, 'test', 'chart', 'helm'),
  name: 'Helm',
  otherwise: 'do without the tests of the chart',
};

export const helmPackage = 'helm.sh/helm/v4';

/** The version of Helm, such as `v4.3.1`. */
export async function helmVersion(): Promise<string> {
  return requiredVersion(helmModule.folder, helmPackage);
}

/** What the build says of itself, as a release of Helm would: charts can ask for it. */
export function helmLinkerOptions(version: string): string {
  return `-s -w -X ${helmPackage}/internal/version.version=${version}`;
}

/** The folder in the cache with the program built from the module as it is now; it may not be there yet. */
export async function helmFolder(): Promise<string> {
  const sources = await sourcesOf(helmModule.folder);
  const linker = helmLinkerOptions(await helmVersion());
  const digest = digestOfJson({ sources, linker, processor: process.arch }).slice('sha256:'.length);
  return join(cacheFolder(), `helm-${digest.slice(0, 16)}`);
}

/** Why the chart can't be rendered on this machine, nor its tests run; undefined when they can. */
export async function whyNoHelm(): Promise<string | undefined> {
  const folder = await helmFolder();
  return (await isThere(folder)) ? undefined : `there is no ${folder}; node scripts/setup-helm.ts builds it`;
}

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { requiredVersion, sourcesOf, type GoModule } from '../cluster/go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which actionlint is built for tests. */
export const actionlintModule: GoModule = {
  folder: join(root, 'test', 'release', 'actionlint'),
  name: 'actionlint',
  otherwise: 'do without the test of the workflows',
};

export const actionlintPackage = 'github.com/rhysd/actionlint';
export const actionlintLinkerOptions = '-s -w';

/** The version of actionlint, such as `v1.7.12`. */
export async function actionlintVersion(): Promise<string> {
  return requiredVersion(actionlintModule.folder, actionlintPackage);
}

/** The folder in the cache with the program built from the module as it is now; it may not be there yet. */
export async function actionlintFolder(): Promise<string> {
  const sources = await sourcesOf(actionlintModule.folder);
  const digest = digestOfJson({ sources, linker: actionlintLinkerOptions, processor: process.arch });
  return join(cacheFolder(), `actionlint-${digest.slice('sha256:'.length).slice(0, 16)}`);
}

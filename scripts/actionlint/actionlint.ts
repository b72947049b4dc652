import { dirname, join } from 'node:path';
import { requiredVersion, type GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 'release', 'actionlint'),
  name: 'actionlint',
  otherwise: 'do without the test of the workflows',
};

const actionlintPackage = 'github.com/rhysd/actionlint';

/** The linter of workflows. */
export const actionlint: GoTool = {
  module,
  cacheName: 'actionlint',
  programs: { actionlint: `${actionlintPackage}/cmd/actionlint` },
  title: async () => `actionlint ${await requiredVersion(module.folder, actionlintPackage)}`,
  linkerOptions: async () => withoutSymbols,
  cost: { time: 'some seconds', build: '200 MB', result: '10 MB' },
};

export async function actionlintFolder(): Promise<string> {
  return await goToolFolder(actionlint);
}

import { dirname, join } from 'node:path';
import { requiredVersion, type GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 'chart', 'checkers'),
  name: 'kubeconform and kube-score',
  otherwise: 'do without the checks of manifests',
};

/** Their modules, by the name of the program. */
const checkerModules = {
  kubeconform: 'github.com/yannh/kubeconform',
  'kube-score': 'github.com/zegl/kube-score',
} as const;

export type Checker = keyof typeof checkerModules;

/** Such as `kubeconform v0.8.0 and kube-score v1.20.0`. */
async function checkersTitle(): Promise<string> {
  const versions = await Promise.all(
    Object.entries(checkerModules).map(
      async ([name, path]) => `${name} ${await requiredVersion(module.folder, path)}`,
    ),
  );
  return versions.join(' and ');
}

/** What looks for faults in manifests. */
export const checkers: GoTool = {
  module,
  cacheName: 'checkers',
  programs: Object.fromEntries(
    Object.entries(checkerModules).map(([name, path]) => [name, `${path}/cmd/${name}`]),
  ),
  title: checkersTitle,
  linkerOptions: async () => withoutSymbols,
  cost: { time: 'about a minute on two cores', build: '500 MB', result: '50 MB' },
};

export async function checkersFolder(): Promise<string> {
  return await goToolFolder(checkers);
}

import { dirname, join } from 'node:path';
import { isThere } from '../cluster/kubernetes.ts';
import { requiredVersion, type GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 'chart', 'helm'),
  name: 'Helm',
  otherwise: 'do without the tests of the chart',
};

const helmPackage = 'helm.sh/helm/v4';

/** The version of Helm, such as `v4.3.1`. */
async function helmVersion(): Promise<string> {
  return await requiredVersion(module.folder, helmPackage);
}

/** Helm, for the tests of the chart. */
export const helm: GoTool = {
  module,
  cacheName: 'helm',
  programs: { helm: `${helmPackage}/cmd/helm` },
  title: async () => `Helm ${await helmVersion()}`,
  // What the build says of itself, as a release of Helm would: charts can ask for it.
  linkerOptions: async () =>
    `${withoutSymbols} -X ${helmPackage}/internal/version.version=${await helmVersion()}`,
  cost: { time: 'some minutes on two cores', build: '2 GB', result: '100 MB' },
};

export async function helmFolder(): Promise<string> {
  return await goToolFolder(helm);
}

/** Why the chart can't be rendered on this machine, nor its tests run; undefined when they can. */
export async function whyNoHelm(): Promise<string | undefined> {
  const folder = await helmFolder();
  return (await isThere(folder)) ? undefined : `there is no ${folder}; node scripts/setup-helm.ts builds it`;
}

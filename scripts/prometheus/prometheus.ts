import { dirname, join } from 'node:path';
import { requiredVersion, type GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 'monitoring', 'prometheus'),
  name: 'Prometheus',
  otherwise: 'do without the tests of dashboard and alerts',
};

const prometheusPackage = 'github.com/prometheus/prometheus';
/** The server, and the program that checks rules. */
const programs = ['prometheus', 'promtool'];
/** Without what it needs to find targets in clouds: half the size, a third of the time. */
const tags = ['remove_all_sd'];

/** Prometheus, for the tests of dashboard and alerts. Its version as a Go module is such as `v0.313.0`, which is 3.13.0. */
export const prometheus: GoTool = {
  module,
  cacheName: 'prometheus',
  programs: Object.fromEntries(programs.map((name) => [name, `${prometheusPackage}/cmd/${name}`])),
  title: async () => `Prometheus ${await requiredVersion(module.folder, prometheusPackage)} and promtool`,
  linkerOptions: async () => withoutSymbols,
  tags,
  facts: { programs, build: { linkerOptions: withoutSymbols, tags } },
  cost: { time: 'some minutes on two cores', build: '3 GB', result: '300 MB' },
};

export async function prometheusFolder(): Promise<string> {
  return await goToolFolder(prometheus);
}

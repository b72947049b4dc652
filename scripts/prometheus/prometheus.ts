import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { requiredVersion, sourcesOf, type GoModule } from '../cluster/go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which Prometheus is built for tests. */
export const prometheusModule: GoModule = {
  folder: join(root, 'test', 'monitoring', 'prometheus'),
  name: 'Prometheus',
  otherwise: 'do without the tests of dashboard and alerts',
};

/** The server, and the program that checks rules. */
export const prometheusPrograms = ['prometheus', 'promtool'] as const;

export const prometheusPackage = 'github.com/prometheus/prometheus';

/** Without symbols, and without what it needs to find targets in clouds: half the size, a third of the time. */
export const prometheusBuild = { linkerOptions: '-s -w', tags: ['remove_all_sd'] } as const;

/** The version of Prometheus as a Go module, such as `v0.313.0`, which is 3.13.0. */
export async function prometheusVersion(): Promise<string> {
  return requiredVersion(prometheusModule.folder, prometheusPackage);
}

/** The folder in the cache with the programs built from the module as it is now; it may not be there yet. */
export async function prometheusFolder(): Promise<string> {
  const sources = await sourcesOf(prometheusModule.folder);
  const facts = { sources, programs: prometheusPrograms, build: prometheusBuild, processor: process.arch };
  const digest = digestOfJson(facts).slice('sha256:'.length);
  return join(cacheFolder(), `prometheus-${digest.slice(0, 16)}`);
}

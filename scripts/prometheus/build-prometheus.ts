import { join } from 'node:path';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { findGo } from '../cluster/go.ts';
import {
  prometheusBuild,
  prometheusModule,
  prometheusPackage,
  prometheusPrograms,
  prometheusVersion,
} from './prometheus.ts';

/** Builds Prometheus and promtool for tests; their folder is whole or absent. */
export async function buildPrometheus(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(prometheusModule);
  const version = await prometheusVersion();
  await makeFolder(folder, 'promtool', async (partial) => {
    options.output.write(
      `Waiting for the build of Prometheus ${version} from source, for the tests (some minutes on two cores, once a ` +
        'machine) ...\n',
    );
    await downloadModules(go, prometheusModule, options);
    for (const name of prometheusPrograms) {
      const program = {
        ...prometheusBuild,
        package: `${prometheusPackage}/cmd/${name}`,
        to: join(partial, name),
      };
      await compile(go, { module: prometheusModule, program, room: '3 GB of disk' }, options);
    }
  });
}

import { join } from 'node:path';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { findGo } from '../cluster/go.ts';
import { checkerLinkerOptions, checkerPackages, checkersModule, checkersVersion } from './checkers.ts';

/** Builds the checkers of manifests for tests; their folder is whole or absent. */
export async function buildCheckers(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(checkersModule);
  const version = await checkersVersion();
  await makeFolder(folder, 'kube-score', async (partial) => {
    options.output.write(
      `Waiting for the build of ${version} from source, for the tests (about a minute on two cores, once a machine) ...\n`,
    );
    await downloadModules(go, checkersModule, options);
    for (const [name, path] of Object.entries(checkerPackages)) {
      const program = {
        package: `${path}/cmd/${name}`,
        to: join(partial, name),
        linkerOptions: checkerLinkerOptions,
      };
      await compile(go, { module: checkersModule, program, room: '500 MB of disk' }, options);
    }
  });
}

import { join } from 'node:path';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { findGo } from '../cluster/go.ts';
import { helmLinkerOptions, helmModule, helmPackage, helmVersion } from './helm.ts';

/** Builds Helm for tests; its folder is whole or absent. */
export async function buildHelm(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(helmModule);
  const version = await helmVersion();
  await makeFolder(folder, 'helm', async (partial) => {
    options.output.write(
      `Waiting for the build of Helm ${version} from source, for the tests (some minutes on two cores, once a ` +
        'machine) ...\n',
    );
    await downloadModules(go, helmModule, options);
    const program = {
      package: `${helmPackage}/cmd/helm`,
      to: join(partial, 'helm'),
      linkerOptions: helmLinkerOptions(version),
    };
    await compile(go, { module: helmModule, program, room: '2 GB of disk' }, options);
  });
}

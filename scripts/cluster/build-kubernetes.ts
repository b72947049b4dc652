import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findGo } from './go.ts';
import { compile, downloadModules, makeFolder, type BuildOptions } from './go-build.ts';
import { kubernetes, kubernetesPrograms, kubernetesVersion, linkerOptions } from './kubernetes.ts';

/**
 * Builds the programs of Kubernetes into `folder`: one program under several names. `folder` is whole or absent. What Go
 * has compiled by then is kept by Go, so that an interrupted build goes on where it was.
 */
export async function buildKubernetes(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(kubernetes);
  const version = await kubernetesVersion();
  await makeFolder(folder, 'kube', async (partial) => {
    options.output.write(
      `Waiting for the build of Kubernetes ${version} from source, for the tests (about 8 minutes on two cores, ` +
        'once a machine; 4 GB for what Go keeps) ...\n',
    );
    await downloadModules(go, kubernetes, options);
    const build = async (packageName: string, name: string): Promise<void> => {
      const program = {
        package: packageName,
        to: join(partial, name),
        linkerOptions: linkerOptions(version),
      };
      await compile(go, { module: kubernetes, program, room: '4 GB of disk and 2 GB of memory' }, options);
    };
    await build('.', 'kube');
    await build('./pause', 'pause');
    for (const name of kubernetesPrograms) await symlink('kube', join(partial, name));
  });
}

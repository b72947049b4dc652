import { join } from 'node:path';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { findGo } from '../cluster/go.ts';
import { fetchDefinitions } from './foreign-definitions.ts';
import { judgeLinkerOptions, judgeModule } from './judge.ts';

/** Builds what the tests of GitOps need; its folder is whole or absent. */
export async function buildJudge(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(judgeModule);
  await makeFolder(folder, 'judge', async (partial) => {
    options.output.write(
      'Waiting for the build of what judges health as Argo CD and Flux do, for the tests (about two minutes on two ' +
        'cores, once a machine) ...\n',
    );
    await fetchDefinitions(go, join(partial, 'definitions'), options);
    await downloadModules(go, judgeModule, options);
    const program = { package: '.', to: join(partial, 'judge'), linkerOptions: judgeLinkerOptions };
    await compile(go, { module: judgeModule, program, room: '2 GB of disk' }, options);
  });
}

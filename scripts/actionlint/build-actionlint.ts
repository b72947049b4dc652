import { join } from 'node:path';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { findGo } from '../cluster/go.ts';
import {
  actionlintLinkerOptions,
  actionlintModule,
  actionlintPackage,
  actionlintVersion,
} from './actionlint.ts';

/** Builds actionlint for tests; its folder is whole or absent. */
export async function buildActionlint(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo(actionlintModule);
  const version = await actionlintVersion();
  await makeFolder(folder, 'actionlint', async (partial) => {
    options.output.write(
      `Building actionlint ${version} from source, for the tests (some seconds, once a machine) ...\n`,
    );
    await downloadModules(go, actionlintModule, options);
    const program = {
      package: `${actionlintPackage}/cmd/actionlint`,
      to: join(partial, 'actionlint'),
      linkerOptions: actionlintLinkerOptions,
    };
    await compile(go, { module: actionlintModule, program, room: '200 MB of disk' }, options);
  });
}

/** Builds actionlint for the test of the workflows, once a machine. */
import { actionlintFolder, actionlintVersion } from './actionlint/actionlint.ts';
import { buildActionlint } from './actionlint/build-actionlint.ts';
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-actionlint.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the test that needs
               actionlint is then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const folder = await actionlintFolder();
  if (!(await isThere(folder))) {
    try {
      await buildActionlint(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'actionlint', room: '10 MB there' });
    }
  }
  options.output.write(`Ready: actionlint ${await actionlintVersion()} for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'actionlint', setUp });

/** Builds Helm for the tests of the chart, once a machine. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { buildHelm } from './helm/build-helm.ts';
import { helmFolder, helmVersion } from './helm/helm.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-helm.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need
               Helm are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const folder = await helmFolder();
  if (!(await isThere(folder))) {
    try {
      await buildHelm(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'Helm', room: '100 MB there' });
    }
  }
  options.output.write(`Ready: Helm ${await helmVersion()} for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'Helm', setUp });

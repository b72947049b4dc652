/** Builds kubeconform and kube-score for the checks of chart and manifests, once a machine. */
import { cacheFolder } from './cache-folder.ts';
import { buildCheckers } from './checkers/build-checkers.ts';
import { checkersFolder, checkersVersion } from './checkers/checkers.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-checkers.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the checks of manifests
               are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const folder = await checkersFolder();
  if (!(await isThere(folder))) {
    try {
      await buildCheckers(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), {
        name: 'kubeconform and kube-score',
        room: '50 MB there',
      });
    }
  }
  options.output.write(`Ready: ${await checkersVersion()} for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'kubeconform and kube-score', setUp });

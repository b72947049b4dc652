/** Builds what the tests of GitOps need, once a machine. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { buildJudge } from './gitops/build-judge.ts';
import { gitopsFolder } from './gitops/judge.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-gitops.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests of GitOps are
               then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const folder = await gitopsFolder();
  if (!(await isThere(folder))) {
    try {
      await buildJudge(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'the judge of health', room: '100 MB there' });
    }
  }
  options.output.write('Ready: the libraries of Argo CD and Flux for the tests.\n');
}

process.exitCode = await runSetUp({ help, what: 'the libraries of Argo CD and Flux', setUp });

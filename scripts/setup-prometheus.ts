/** Builds Prometheus and promtool for the tests, once a machine, and says where they are. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { buildPrometheus } from './prometheus/build-prometheus.ts';
import { prometheusFolder, prometheusVersion } from './prometheus/prometheus.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-prometheus.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need
               Prometheus are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const folder = await prometheusFolder();
  if (!(await isThere(folder))) {
    try {
      await buildPrometheus(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'Prometheus', room: '300 MB there' });
    }
  }
  options.output.write(`Ready: Prometheus ${await prometheusVersion()} and promtool for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'Prometheus', setUp });

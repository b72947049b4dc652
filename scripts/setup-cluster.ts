/** Builds Kubernetes for the tests, once a machine, and says where it is. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { buildKubernetes } from './cluster/build-kubernetes.ts';
import { fetchNodePrograms, nodeProgramsFolder, whyNoNode } from './cluster/node-programs.ts';
import { isThere, kubernetesFolder, kubernetesVersion } from './cluster/kubernetes.ts';
import { removeLeftovers } from './tensorflow/fetch-library.ts';
import { explainFileError } from './tensorflow/file-error.ts';
import { runSetUp } from './run-set-up.ts';

const help = `Usage: node scripts/setup-cluster.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need
               Kubernetes are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  KUBEBUILDER_ASSETS                a folder with etcd, kube-apiserver and kubectl to use; nothing is built
  BLOCKSTILL_TEST_KUBECONFIG        a cluster to use for the API-server suite; nothing is built
  BLOCKSTILL_CACHE                  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const { output } = options;
  const given = ['KUBEBUILDER_ASSETS', 'BLOCKSTILL_TEST_KUBECONFIG'].find((name) => process.env[name]);
  if (given !== undefined) {
    output.write(`Ready: the tests use the Kubernetes in ${given}.\n`);
    return;
  }
  const folder = await kubernetesFolder();
  // Room that cannot be freed is no reason to stop.
  await removeLeftovers(cacheFolder()).catch(() => undefined);
  if (!(await isThere(folder))) {
    try {
      await buildKubernetes(folder, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'Kubernetes', room: '150 MB there' });
    }
  }
  const whyNot = await whyNoNode();
  const nodePrograms = await nodeProgramsFolder();
  if (whyNot === undefined && !(await isThere(nodePrograms))) await fetchNodePrograms(nodePrograms, options);
  const missing = whyNot === undefined ? '' : ` It will have no node here: ${whyNot}.`;
  output.write(`Ready: Kubernetes ${await kubernetesVersion()} for the tests.${missing}\n`);
}

process.exitCode = await runSetUp({ help, what: 'Kubernetes', setUp });

/** Builds Kubernetes for the tests, once a machine, and says where it is. */
import { parseArgs } from 'node:util';
import { BlockstillError, describeError } from '../common/error.ts';
import { cacheFolder } from './cache-folder.ts';
import { buildKubernetes } from './cluster/build-kubernetes.ts';
import { fetchNodePrograms, nodeProgramsFolder, whyNoNode } from './cluster/node-programs.ts';
import { isThere, kubernetesFolder, kubernetesVersion } from './cluster/kubernetes.ts';
import { removeLeftovers } from './tensorflow/fetch-library.ts';
import { explainFileError } from './tensorflow/file-error.ts';
import type { Output } from './tensorflow/progress.ts';

const help = `Usage: node scripts/setup-cluster.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need
               Kubernetes are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  KUBEBUILDER_ASSETS                a folder with etcd, kube-apiserver and kubectl to use; nothing is built
  BLOCKSTILL_TEST_KUBECONFIG        a cluster to use for the API-server suite; nothing is built
  BLOCKSTILL_CACHE                  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: { output: Output; signal: AbortSignal }): Promise<void> {
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

/** Whether an error is about this machine, not about what was to be built on it. */
function isLack(error: unknown): error is BlockstillError {
  return (
    error instanceof BlockstillError &&
    (error.code === 'setup/missing-tools' || error.code === 'setup/unsupported-machine')
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'for-tests': { type: 'boolean' }, help: { type: 'boolean' } } });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  const output: Output = {
    write: (text) => void process.stdout.write(text),
    isTerminal: process.stdout.isTTY,
  };
  if (values.help) {
    output.write(help);
    return 0;
  }
  try {
    await setUp({ output, signal: interruption.signal });
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('Set-up interrupted. Run the same command again to go on.');
      return 130;
    }
    if (values['for-tests'] && isLack(error) && !process.env['BLOCKSTILL_SKIP_NOTHING']) {
      console.error(`The tests that need Kubernetes will be skipped: ${describeError(error)}`);
      return 0;
    }
    console.error(`Set-up stopped: ${describeError(error)}`);
    return 1;
  }
}

process.exitCode = await main();

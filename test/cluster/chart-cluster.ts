import { cp, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { chartFolder, runHelm } from '../../scripts/helm/run-helm.ts';
import { startCluster } from './cluster.ts';
import { kubectl } from './kubectl.ts';
import { writeOperatorImage } from './operator-image.ts';
import { writeWorkerImage } from './worker-image.ts';

export const repositories = {
  operator: 'localhost/blockstill-operator',
  worker: 'localhost/blockstill-worker',
} as const;
/** As the chart names its images by default. */
export const versions = { previous: '0.0.9', current: packageFile.version } as const;
/** There is nothing in this cluster that would make a volume for a claim: these three are there. */
const volumes = ['first', 'second', 'third'] as const;
const storageClass = 'shared';
/** Half a minute is enough on a machine that has nothing else to do. */
export const patienceSeconds = 500;

/** A cluster with the images of two versions, to install the chart in. */
export interface ChartCluster extends AsyncDisposable {
  /** What the chart has to be told here. */
  readonly values: object;
  /** The folder of the chart as it was before this version. */
  readonly previousChart: string;
  ask(...call: readonly string[]): Promise<string>;
  read<T>(...call: readonly string[]): Promise<T>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Runs a command of the documentation, with the chart and the images that are here. */
  run(command: string, chart?: string): Promise<string>;
}

/** Starts it, with namespaces that enforce the restricted Pod Security level. */
export async function startChartCluster(namespaces: readonly string[]): Promise<ChartCluster> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-chart-'))).path;
  const images = { operator: await writeOperatorImage(), worker: await writeWorkerImage() };
  const cluster = undo.use(await startCluster({ gpus: 0 }));
  for (const name of ['operator', 'worker'] as const) {
    await cluster.loadImage(images[name].archive);
    for (const tag of Object.values(versions))
      await cluster.nameImage(images[name].reference, `${repositories[name]}:${tag}`);
  }
  const { kubeconfig } = cluster;
  const ask = async (...call: readonly string[]) => await kubectl(kubeconfig, call);
  const apply = async (...items: readonly object[]) => {
    await kubectl(
      kubeconfig,
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    );
  };
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  for (const name of namespaces)
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  for (const name of volumes) await apply(await volumeIn(folder, name));
  const previousChart = await chartOf(versions.previous, folder);
  const parts = undo.move();
  return {
    values,
    previousChart,
    ask,
    apply,
    read: async <T>(...call: readonly string[]) => JSON.parse(await ask(...call, '-o', 'json')) as T,
    run: async (command, chart = chartFolder) => {
      const [program, ...words] = inThisCluster(command, chart).split(' ');
      if (program === 'kubectl') return await ask(...words);
      const given = words[0] === 'install' ? [...words, '--values', '-'] : words;
      const call = [...given, '--kubeconfig', kubeconfig];
      const { code, stdout, stderr } = await runHelm(call, JSON.stringify(values));
      if (code !== 0) throw new Error(`${command}: ${stderr}\n${stdout}`);
      return stdout;
    },
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

function inThisCluster(command: string, chart: string): string {
  return command
    .replace(' helm/blockstill ', ` ${chart} `)
    .replace('registry.example/operator', repositories.operator)
    .replace('registry.example/worker', repositories.worker);
}

/** Nothing is pulled in this cluster. */
const values = {
  image: { pullPolicy: 'Never' },
  worker: { imagePullPolicy: 'Never' },
  readinessProbe: { periodSeconds: 1 },
  test: { storage: { className: storageClass }, timeoutSeconds: patienceSeconds },
};

async function volumeIn(folder: string, name: string): Promise<object> {
  const path = join(folder, name);
  await mkdir(path);
  // A volume plugin would see to this by fsGroup.
  await runCommand('chown', ['65532:65532', path]);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      capacity: { storage: '1Gi' },
      hostPath: { path, type: 'Directory' },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  };
}

/** This chart as that of another version: there is no earlier release that it could be. */
async function chartOf(version: string, folder: string): Promise<string> {
  const chart = join(folder, 'previous', 'blockstill');
  await cp(chartFolder, chart, { recursive: true });
  const about = join(chart, 'Chart.yaml');
  const text = await readFile(about, 'utf8');
  await writeFile(about, text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`));
  return chart;
}

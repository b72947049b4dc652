import type { DistillationJobStatus } from '../../crds/status.ts';
import { only, render, type KubernetesObject } from '../../scripts/helm/run-helm.ts';
import type { ChartCluster } from './chart-cluster.ts';
import { waitFor } from './wait-for.ts';

export interface Pod {
  readonly metadata: {
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly phase: string };
}

interface Job {
  readonly metadata: { readonly uid: string };
  readonly status?: DistillationJobStatus;
}

interface JobTemplate extends KubernetesObject {
  readonly spec: { readonly distill: object; readonly execution: object; readonly storage: object };
}

/** Long enough to begin an upgrade while a block is trained: at least ten seconds a block. */
const epochs = 300;
const data = 'blockstill-test';

/** Jobs like that of the chart's own test, with more training, one block after the other. */
export class LongJobs {
  readonly #cluster: ChartCluster;
  readonly #namespace: string;

  constructor(cluster: ChartCluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  async create(name: string): Promise<void> {
    const objects = await render(this.#cluster.values, { withTests: true });
    const { apiVersion, kind, spec } = only<JobTemplate>(objects, 'DistillationJob');
    const { binaryData } = only<KubernetesObject & { binaryData: object }>(objects, 'ConfigMap');
    const { spec: claim } = only<KubernetesObject & { spec: object }>(objects, 'PersistentVolumeClaim');
    const metadata = { name: data, namespace: this.#namespace };
    const job = {
      apiVersion,
      kind,
      metadata: { name, namespace: this.#namespace },
      spec: {
        ...spec,
        suspend: false,
        distill: { ...spec.distill, epochs },
        execution: { ...spec.execution, maxParallel: 1, pendingDeadlineSeconds: undefined },
        activeDeadlineSeconds: undefined,
        output: { uri: `file:///claim/${name}` },
        storage: { ...spec.storage, uri: `file:///claim/${name}-exchange` },
      },
    };
    await this.#cluster.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, binaryData },
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: claim },
      job,
    );
  }

  async status(name: string): Promise<DistillationJobStatus> {
    const { status } = await this.#cluster.read<Job>('get', 'distill', name, '-n', this.#namespace);
    return status ?? {};
  }

  /** What there is of each job: its identity and its status. */
  async all(): Promise<readonly object[]> {
    const { items } = await this.#cluster.read<{ items: Job[] }>('get', 'distill', '-n', this.#namespace);
    return items.map(({ metadata, status }) => ({ uid: metadata.uid, status }));
  }

  async pods(name: string): Promise<readonly Pod[]> {
    const chosen = ['-n', this.#namespace, '-l', `blockstill.dev/job-name=${name}`];
    return (await this.#cluster.read<{ items: Pod[] }>('get', 'pods', ...chosen)).items;
  }

  /** Waits until one block is done and the other is being trained, and answers the pods that the job has had so far. */
  async betweenBlocks(name: string): Promise<readonly Pod[]> {
    return await waitFor(
      `${name} to be between two blocks`,
      async () => {
        const { blocks = [], phase } = await this.status(name);
        if (phase === 'Failed') throw new Error(`${name} has failed.`);
        const states = new Set(blocks.map(({ state }) => state));
        if (!states.has('Distilled') || !states.has('Running')) return undefined;
        const pods = await this.pods(name);
        return runningUnit(pods) === undefined ? undefined : pods;
      },
      480,
    );
  }

  /** How a job went, once it is over. */
  async history(name: string): Promise<History> {
    const wait = ['wait', '-n', this.#namespace, '--for=condition=Finished', `distill/${name}`];
    await this.#cluster.ask(...wait, '--timeout=480s');
    const { phase, attempts, blocks = [] } = await this.status(name);
    const pods = await this.pods(name);
    return {
      phase,
      attempts,
      blocks: blocks.map(({ state, attempts: tried = 0 }) => `${state} ${tried}`),
      podUids: pods.map(({ metadata }) => metadata.uid),
      podPhases: [...new Set(pods.map(({ status: { phase: end } }) => end))],
      images: [...new Set(pods.map(imageOf))],
    };
  }
}

interface History {
  readonly phase: string | undefined;
  /** Of prepare and of finetune. */
  readonly attempts: object | undefined;
  /** Each block's end, with the number of attempts at it. */
  readonly blocks: readonly string[];
  readonly podUids: readonly string[];
  /** How the pods are now, each way once. */
  readonly podPhases: readonly string[];
  readonly images: readonly string[];
}

export function imageOf({ spec }: Pod): string {
  return spec.containers.map(({ image }) => image).join(', ');
}

/** The identity of the pod that trains a block, if one does. */
function runningUnit(pods: readonly Pod[]): string | undefined {
  const running = pods.filter(
    ({ metadata, status }) =>
      metadata.labels['blockstill.dev/stage'] === 'distill' && status.phase === 'Running',
  );
  return running.length === 1 ? running[0]?.metadata.uid : undefined;
}

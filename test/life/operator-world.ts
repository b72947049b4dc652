import { fileURLToPath } from 'node:url';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { unlessAborted } from '../../operator/kube/deadline.ts';
import { crdFile } from '../api-server/use-api-server.ts';
import type { Misbehaviour, PodAttempt } from '../chaos/misbehaviour.ts';
import {
  connect,
  distillationJobs,
  jobs,
  pods,
  type DistillationJobObject,
  type JobObject,
  type PodObject,
} from '../chaos/objects.ts';
import { PodSimulator } from '../chaos/pod-simulator.ts';
import { PretendWorker } from '../chaos/pretend-worker.ts';
import { startControlPlane, type ControlPlane } from '../cluster/control-plane.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { startOperator, type OperatorProcess } from '../operator/start-operator.ts';

const operatorProgram = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));

export const blocks = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'];

/** What a pod does instead of its work; a pod that waits goes on when it is let go. */
export type Part = Misbehaviour | 'Waits' | undefined;

export interface OperatorWorld extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly client: KubeClient;
  readonly worker: PretendWorker;
  readonly simulator: PodSimulator;
  kubectl(commandArguments: readonly string[], input?: string): Promise<string>;
  /** Creates a job whose pods play these parts: the first attempt at a unit, the second, and so on. */
  create(name: string, options?: JobOptions): Promise<DistillationJobObject>;
  get(name: string): Promise<DistillationJobObject>;
  edit(name: string, patch: object): Promise<void>;
  /** The status as soon as it is so. */
  until(
    name: string,
    what: string,
    test: (status: DistillationJobStatus) => boolean,
  ): Promise<DistillationJobStatus>;
  jobsOf(name: string): Promise<readonly JobObject[]>;
  podsOf(name: string): Promise<readonly PodObject[]>;
  /** Lets the units of a job that wait go on. */
  letGo(name: string): void;
  /** Times that each unit of a job was trained to its end. */
  trainings(name: string): Promise<Readonly<Record<string, number>>>;
  startOperator(args?: readonly string[]): Promise<OperatorProcess>;
}

export interface JobOptions {
  readonly spec?: object;
  readonly labels?: Readonly<Record<string, string>>;
  /** By unit: `prepare`, `unit-000`, ... */
  readonly parts?: Readonly<Record<string, readonly Part[]>>;
  readonly namespace?: string;
}

export const namespace = 'life';

/** A control plane, pods that are played, and what a test needs to say to them. The operator is started by the test. */
export async function startOperatorWorld({ gpus }: { gpus: number }): Promise<OperatorWorld> {
  await using undo = new AsyncDisposableStack();
  const controlPlane = undo.use(await startControlPlane());
  const { kubeconfig } = controlPlane;
  await kubectl(kubeconfig, ['apply', '--server-side', '-f', crdFile]);
  await waitFor('the definition to be served', async () =>
    (await kubectl(kubeconfig, ['get', 'distillationjobs']).catch(() => undefined)) === undefined
      ? undefined
      : true,
  );
  await controlPlane.createNamespace(namespace);
  const { client } = undo.use(connect(kubeconfig, 'test'));
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const parts = new Map<string, Readonly<Record<string, readonly Part[]>>>();
  const partOf = (job: string, unit: string, attempt: number): Part => parts.get(job)?.[unit]?.[attempt - 1];
  const worker = new PretendWorker({
    clock: systemClock,
    seed: 1,
    blocks,
    trainingSeconds: [0.05, 0.1],
    gate: async ({ job, unit, attempt }, signal) => {
      if (partOf(job.name, unit, attempt.number) !== 'Waits') return;
      await unlessAborted(gates.get(job.name)?.promise ?? Promise.resolve(), signal);
    },
  });
  const script = (pod: PodAttempt, nthPod: number): Misbehaviour | undefined => {
    // The cluster was to blame for those before, in the same attempt.
    if (nthPod > 1) return undefined;
    const part = partOf(pod.jobName, unitOf(pod), Number(pod.attempt));
    return part === 'Waits' ? undefined : part;
  };
  const simulator = undo.use(await PodSimulator.start({ client, worker, gpus, script, pullSeconds: 2 }));
  const get = async (name: string): Promise<DistillationJobObject> => {
    const found = await client.get(distillationJobs, { namespace, name });
    if (found === undefined) throw new Error(`There is no job ${name}.`);
    return found;
  };
  const selectorOf = (name: string): string => `blockstill.dev/job-name=${name}`;
  const owned = undo.move();
  return {
    controlPlane,
    client,
    worker,
    simulator,
    get,
    kubectl: async (commandArguments, input) => await kubectl(kubeconfig, commandArguments, input),
    create: async (name, { spec = {}, labels = {}, parts: own = {}, namespace: where = namespace } = {}) => {
      parts.set(name, own);
      gates.set(name, Promise.withResolvers());
      return await client.create(distillationJobs, {
        metadata: { name, namespace: where, labels },
        spec: { ...minimalSpec, ...spec } as object,
      });
    },
    edit: async (name, patch) =>
      void (await client.patch(
        distillationJobs,
        { namespace, name },
        { patch: { type: 'Merge', body: { ...patch } } },
      )),
    until: async (name, what, test) =>
      await waitFor(
        `${name} ${what}`,
        async () => {
          const { status } = await get(name);
          return status !== undefined && test(status) ? status : undefined;
        },
        30,
      ),
    jobsOf: async (name) => (await client.list(jobs, { namespace, labelSelector: selectorOf(name) })).items,
    podsOf: async (name) => (await client.list(pods, { namespace, labelSelector: selectorOf(name) })).items,
    letGo: (name) => gates.get(name)?.resolve(),
    trainings: async (name) => {
      const { uid } = (await get(name)).metadata;
      const committed = worker.ledger.filter(
        ({ jobUid, outcome }) => jobUid === uid && outcome === 'Committed',
      );
      return Object.fromEntries(
        [...Map.groupBy(committed, ({ unit }) => unit)].map(([unit, runs]) => [unit, runs.length]),
      );
    },
    startOperator: async (args = []) =>
      await startOperator({
        program: operatorProgram,
        args: [
          '--kubeconfig',
          kubeconfig,
          '--no-leader-election',
          '--listen',
          'off',
          '--no-progress',
          ...args,
        ],
      }),
    [Symbol.asyncDispose]: async () => {
      for (const gate of gates.values()) gate.resolve();
      await owned.disposeAsync();
    },
  };
}

const minimalSpec = {
  teacher: { uri: 'file:///data/teacher' },
  dataset: { format: 'IDX', train: { uri: 'file:///data/images', labelsUri: 'file:///data/labels' } },
  output: { uri: 'file:///data/student' },
  pod: {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  },
};

function unitOf({ stage, unit }: PodAttempt): string {
  return stage === 'distill' ? `unit-${unit.padStart(3, '0')}` : stage;
}

/** The conditions as `Type=Status:Reason`, in the order of the API. */
export function conditionsOf({ conditions = [] }: DistillationJobStatus): string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status}:${reason}`);
}

export const isOver = ({ conditions = [] }: DistillationJobStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Finished' && status === 'True');

/** Every unit of a job, trained to its end once. */
export const allOnce = {
  prepare: 1,
  'unit-000': 1,
  'unit-001': 1,
  'unit-002': 1,
  'unit-003': 1,
  'unit-004': 1,
  finetune: 1,
};

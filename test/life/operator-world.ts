import { fileURLToPath } from 'node:url';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { unlessAborted } from '../../operator/kube/deadline.ts';
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
import type { ApiServerOptions } from '../cluster/api-server.ts';
import { startControlPlane, type ControlPlane } from '../cluster/control-plane.ts';
import { define } from '../cluster/definition.ts';
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
  /** Lets the units of a job that wait go on, or one of them. */
  letGo(name: string, unit?: string): void;
  /** Times that each unit of a job was trained to its end. */
  trainings(name: string): Promise<Readonly<Record<string, number>>>;
  startOperator(args?: readonly string[] | OperatorToStart): Promise<OperatorProcess>;
}

export interface OperatorToStart {
  readonly args: readonly string[];
  /** In place of the administrator's. */
  readonly kubeconfig?: string;
  /** Whether it leads by a Lease. */
  readonly elects?: boolean;
}

export interface WorldOptions extends ApiServerOptions {
  /** Of the pretend node. */
  readonly gpus: number;
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
export async function startOperatorWorld({ gpus, ...server }: WorldOptions): Promise<OperatorWorld> {
  await using undo = new AsyncDisposableStack();
  const controlPlane = undo.use(await startControlPlane(server));
  const { kubeconfig } = controlPlane;
  await define(kubeconfig);
  await controlPlane.createNamespace(namespace);
  const { client } = undo.use(connect(kubeconfig, 'test'));
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const parts = new Map<string, Readonly<Record<string, readonly Part[]>>>();
  const gateOf = (job: string, unit: string): PromiseWithResolvers<void> => {
    const name = `${job} ${unit}`;
    const gate = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  const partOf = (job: string, unit: string, attempt: number): Part => parts.get(job)?.[unit]?.[attempt - 1];
  const worker = new PretendWorker({
    clock: systemClock,
    seed: 1,
    blocks,
    trainingSeconds: [0.05, 0.1],
    gate: async ({ job, unit, attempt }, signal) => {
      if (partOf(job.name, unit, attempt.number) !== 'Waits') return;
      const { promise } = gateOf(job.name, unit);
      await unlessAborted(Promise.race([promise, gates.get(job.name)?.promise]), signal);
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
    letGo: (name, unit) => (unit === undefined ? gates.get(name) : gateOf(name, unit))?.resolve(),
    trainings: async (name) => {
      const { uid } = (await get(name)).metadata;
      const committed = worker.ledger.filter(
        ({ jobUid, outcome }) => jobUid === uid && outcome === 'Committed',
      );
      return Object.fromEntries(
        [...Map.groupBy(committed, ({ unit }) => unit)].map(([unit, runs]) => [unit, runs.length]),
      );
    },
    startOperator: async (given = []) => {
      const {
        args,
        kubeconfig: own = kubeconfig,
        elects = false,
      } = 'args' in given ? given : { args: given };
      const fixed = ['--kubeconfig', own, '--listen', 'off', '--no-progress'];
      const election = elects ? [] : ['--no-leader-election'];
      return await startOperator({ program: operatorProgram, args: [...fixed, ...election, ...args] });
    },
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

/** A namespace that allows none of something, such as `pods`. */
export async function createPoorNamespace(
  { controlPlane, kubectl: run }: Pick<OperatorWorld, 'controlPlane' | 'kubectl'>,
  name: string,
  hard: Readonly<Record<string, string>>,
): Promise<void> {
  await controlPlane.createNamespace(name);
  const metadata = { name: 'none', namespace: name };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } };
  await run(['apply', '-f', '-'], JSON.stringify(quota));
  const inForce = ['get', 'quota', 'none', '-n', name, '-o', 'jsonpath={.status.hard}'];
  await waitFor('the quota to be in force', async () => (await run(inForce)) || undefined);
}

/** What the job of a name in the namespace of that name says as soon as it waits for this reason. */
export async function waitingMessage(
  { kubectl: run }: Pick<OperatorWorld, 'kubectl'>,
  name: string,
  reason: string,
): Promise<string> {
  const path = `jsonpath={.status.conditions[?(@.reason=="${reason}")].message}`;
  const ask = ['get', 'distill', name, '-n', name, '-o', path];
  return await waitFor(`the job to say ${reason}`, async () => (await run(ask)) || undefined);
}

/** A Job that belongs to nobody. */
export function foreignJob(name: string): string {
  const containers = [{ name: 'a', image: 'a' }];
  const spec = { suspend: true, template: { spec: { restartPolicy: 'Never', containers } } };
  return JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace }, spec });
}

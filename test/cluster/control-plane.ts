import { join } from 'node:path';
import { kubernetesFolder, isThere } from '../../scripts/cluster/kubernetes.ts';
import { startApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts';
import { startControllerManager } from './controllers.ts';
import { kubectl } from './kubectl.ts';
import { whyNoApiServer } from './requirements.ts';

/** A Kubernetes without a node: Jobs make pods and what has no owner is collected, but nobody runs a pod. */
export interface ControlPlane extends AsyncDisposable {
  readonly apiServer: ApiServer;
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Kills the controller manager and starts it again. */
  restartControllerManager(): Promise<void>;
  /** A namespace in which pods find their service account. */
  createNamespace(name: string): Promise<void>;
}

/** Those that a DistillationJob and its children need. A pretend node has no heart that could beat. */
const controllers = [
  'job-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'resourcequota-controller',
  'persistentvolume-binder-controller',
  'ttl-after-finished-controller',
];

const managerArguments = [
  `--controllers=${controllers.join(',')}`,
  // By default it holds itself to 20 requests a second.
  '--kube-api-qps=2000',
  '--kube-api-burst=4000',
  '--concurrent-job-syncs=16',
  '--concurrent-gc-syncs=16',
];

/** Why this machine can't run a control plane of its own; undefined when it can. */
export async function whyNoControlPlane(): Promise<string | undefined> {
  const reason = await whyNoApiServer();
  if (reason !== undefined) return reason;
  const program = join(await kubernetesFolder(), 'kube-controller-manager');
  return (await isThere(program))
    ? undefined
    : `there is no ${program}; node scripts/setup-cluster.ts builds it`;
}

/**
 * Starts etcd, an API server and the controller manager.
 *
 * @param options - `serverArguments` are flags of kube-apiserver, such as `--max-requests-inflight=50`
 */
export async function startControlPlane(options: ApiServerOptions = {}): Promise<ControlPlane> {
  const { serverArguments = async () => [] } = options;
  await using undo = new AsyncDisposableStack();
  const apiServer = undo.use(await startApiServer({ ...options, serverArguments }));
  const programs = await kubernetesFolder();
  const { kubeconfig } = apiServer;
  let manager = await startControllerManager(apiServer, programs, managerArguments);
  undo.defer(async () => await manager.kill());
  const createNamespace = async (name: string): Promise<void> => {
    await kubectl(kubeconfig, ['create', 'namespace', name]);
    await untilServiceAccount(kubeconfig, name);
  };
  await untilServiceAccount(kubeconfig, 'default');
  const parts = undo.move();
  return {
    apiServer,
    kubeconfig,
    createNamespace,
    restartControllerManager: async () => {
      await manager.kill();
      manager = await startControllerManager(apiServer, programs, managerArguments);
    },
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

async function untilServiceAccount(kubeconfig: string, namespace: string): Promise<void> {
  await kubectl(kubeconfig, [
    '--namespace',
    namespace,
    'wait',
    '--for=create',
    'serviceaccount/default',
    '--timeout=60s',
  ]);
}

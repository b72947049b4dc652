import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kubernetesFolder } from '../../scripts/cluster/kubernetes.ts';
import { nodeProgramsFolder } from '../../scripts/cluster/node-programs.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { issue, writeKubeconfig, type Authority } from './certificates.ts';
import { startControllers } from './controllers.ts';
import { kubectl } from './kubectl.ts';
import { nodeName } from './node/configuration.ts';
import { startContainerRuntime } from './node/container-runtime.ts';
import { startKubelet } from './node/kubelet.ts';
import { makeNamespaces } from './node/namespaces.ts';
import { connectNode, type NodeNetwork } from './node/network.ts';
import { makeWorkFolder } from './work-folder.ts';

export interface Cluster extends AsyncDisposable {
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly apiServer: ApiServer;
  /** Puts an image archive onto the node, to be used with `imagePullPolicy: Never`. */
  loadImage(archive: string): Promise<void>;
  /** Gives an image that is on the node another name. */
  nameImage(reference: string, name: string): Promise<void>;
}

/**
 * Starts a Kubernetes with one real node that has pretend GPUs, on this machine alone: pods run, in namespaces, control
 * groups and a network of their own. There is no DNS and no service proxy; pods and this machine reach each other by
 * address.
 */
export async function startCluster({ gpus }: { gpus: number }): Promise<Cluster> {
  await using undo = new AsyncDisposableStack();
  const folder = await makeWorkFolder();
  undo.defer(async () => await rm(folder, { recursive: true, force: true }));
  const programs = await kubernetesFolder();
  const packages = await nodeProgramsFolder();
  const pause = join(programs, 'pause');
  const namespaces = undo.use(
    await makeNamespaces(folder, {
      pause,
      programs: [join(packages, 'usr', 'bin'), join(packages, 'usr', 'sbin')],
    }),
  );
  const network = undo.use(await connectNode(namespaces.owner));
  const [apiServer, runtime] = await bothOrNeither(
    startApiServer({
      address: network.host,
      serverArguments: async (authority) => await nodeArguments(authority, network),
    }),
    startContainerRuntime({ folder, namespaces, network, packages, pause }),
  );
  undo.use(apiServer);
  const { authority, kubeconfig, url } = apiServer;
  for (const started of await startControllers(apiServer, programs)) undo.defer(started.kill);
  const identity = await writeKubeconfig(authority, 'kubelet', url);
  await startKubelet({ folder, namespaces, network, authority, programs, kubeconfig: identity, gpus });
  await untilUsable(kubeconfig, gpus);
  const parts = undo.move();
  return {
    kubeconfig,
    apiServer,
    loadImage: runtime.loadImage,
    nameImage: runtime.nameImage,
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

/** What the API server must know to talk to the kubelet, and the kubelet to it. */
async function nodeArguments(authority: Authority, network: NodeNetwork): Promise<readonly string[]> {
  await issue(authority, {
    name: 'kubelet',
    user: `system:node:${nodeName}`,
    group: 'system:nodes',
    servesAs: [`IP:${network.node}`, `DNS:${nodeName}`],
  });
  return [
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${authority.file('admin.crt')}`,
    `--kubelet-client-key=${authority.file('admin.key')}`,
    `--kubelet-certificate-authority=${authority.file('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

/** Both results; after a failure the server that did start is ended again. */
async function bothOrNeither<Other>(
  server: Promise<ApiServer>,
  other: Promise<Other>,
): Promise<readonly [ApiServer, Other]> {
  const [first, second] = await Promise.allSettled([server, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'fulfilled') return [first.value, second.value];
  await first.value[Symbol.asyncDispose]();
  throw second.reason;
}

/** Until the node takes pods, with its GPUs, and a pod finds its service account. */
async function untilUsable(kubeconfig: string, gpus: number): Promise<void> {
  const wait = async (condition: string, object: string) =>
    await kubectl(kubeconfig, ['wait', `--for=${condition}`, object, '--timeout=60s']);
  const node = `node/${nodeName}`;
  await wait('create', node);
  await wait('condition=Ready', node);
  if (gpus > 0) await wait(String.raw`jsonpath={.status.allocatable.nvidia\.com/gpu}=${gpus}`, node);
  await wait('create', 'serviceaccount/default');
}

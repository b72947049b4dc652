import { mkdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { createAuthority, createTokenKeys, issue, writeKubeconfig, type Authority } from './certificates.ts';
import { freePorts } from './free-ports.ts';
import { programFolder } from './programs.ts';
import { startProcess, type RunningProcess } from './start-process.ts';
import { waitFor } from './wait-for.ts';
import { makeWorkFolder } from './work-folder.ts';

/** The range of the addresses of services, and the first one in it: the API server's own. */
const serviceRange = '10.96.0.0/16';
export const ownServiceAddress = '10.96.0.1';

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Certificates, logs and data are in it until the server is disposed of. */
  readonly folder: string;
  readonly authority: Authority;
  /** Kills the API server; etcd stays, with all objects. */
  stop(): Promise<void>;
  /** Starts it again, at the same URL, and is done when it is ready. */
  start(): Promise<void>;
  /** Makes etcd stand still, as on a disk that hangs: requests wait, nothing is lost. */
  pauseEtcd(): void;
  resumeEtcd(): void;
  /**
   * Starts another API server with the same objects, which stays when this one is killed: for those who must see every
   * event, which a server that has just started doesn't remember.
   */
  startWitness(): Promise<Witness>;
}

export interface Witness extends AsyncDisposable {
  /** The path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
}

export interface ApiServerOptions {
  /** The address it listens on; default 127.0.0.1, which no other machine reaches. */
  readonly address?: string;
  /** More arguments of the server, which may name files that are issued for them. */
  readonly serverArguments?: (authority: Authority) => Promise<readonly string[]>;
}

const withoutControllers = async () => ['--disable-admission-plugins=ServiceAccount'];

/**
 * Starts etcd and a Kubernetes API server with ports, certificates and a folder of their own. Without controllers:
 * nothing collects garbage, and pods need no service account (as in controller-runtime's envtest), unless
 * `serverArguments` says otherwise.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { address = '127.0.0.1', serverArguments = withoutControllers } = options;
  const folder = await makeWorkFolder();
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => await rm(folder, { recursive: true, force: true }));
  const programs = await programFolder();
  const [port = 0] = await freePorts(1, address);
  const [etcdPort = 0, peerPort = 0] = await freePorts(2, '127.0.0.1');
  const url = `https://${address}:${port}`;
  const etcdUrl = `https://127.0.0.1:${etcdPort}`;
  await mkdir(join(folder, 'log'));
  const authority = await createCertificates(folder, address);
  const kubeconfig = await writeKubeconfig(authority, 'admin', url);
  const extraArguments = await serverArguments(authority);

  const etcd = await startProcess(
    join(programs, 'etcd'),
    etcdArguments({ folder, authority, etcdUrl, peerUrl: `http://127.0.0.1:${peerPort}` }),
    { log: join(folder, 'log', 'etcd.log') },
  );
  undo.defer(etcd.kill);

  let server: RunningProcess | undefined;
  const stop = async () => {
    await server?.kill();
    server = undefined;
  };
  const start = async () => {
    server ??= await startProcess(
      join(programs, 'kube-apiserver'),
      [...apiServerArguments({ authority, address, port, etcdUrl }), ...extraArguments],
      { log: join(folder, 'log', 'kube-apiserver.log') },
    );
    await untilReady(url, { authority, processes: [etcd, server] });
  };
  undo.defer(stop);
  await start();
  const startWitness = async (): Promise<Witness> => {
    const [witnessPort = 0] = await freePorts(1, '127.0.0.1');
    const witnessUrl = `https://127.0.0.1:${witnessPort}`;
    await issue(authority, { name: 'witness', user: 'witness', group: 'system:masters' });
    const witness = await startProcess(
      join(programs, 'kube-apiserver'),
      apiServerArguments({ authority, address: '127.0.0.1', port: witnessPort, etcdUrl }),
      { log: join(folder, 'log', 'witness.log') },
    );
    await untilReady(witnessUrl, { authority, processes: [etcd, witness] });
    return {
      kubeconfig: await writeKubeconfig(authority, 'witness', witnessUrl),
      [Symbol.asyncDispose]: witness.kill,
    };
  };
  const parts = undo.move();
  return {
    url,
    kubeconfig,
    folder,
    authority,
    stop,
    start,
    pauseEtcd: () => process.kill(etcd.pid, 'SIGSTOP'),
    resumeEtcd: () => process.kill(etcd.pid, 'SIGCONT'),
    startWitness,
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

async function createCertificates(folder: string, address: string): Promise<Authority> {
  const authority = await createAuthority(join(folder, 'certificates'));
  const serviceNames = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const addresses = [...new Set(['127.0.0.1', address, ownServiceAddress])];
  await Promise.all([
    createTokenKeys(authority),
    issue(authority, { name: 'etcd', user: 'etcd', servesAs: ['IP:127.0.0.1'] }),
    issue(authority, {
      name: 'kube-apiserver',
      user: 'kube-apiserver',
      servesAs: [...serviceNames.map((name) => `DNS:${name}`), ...addresses.map((ip) => `IP:${ip}`)],
    }),
    issue(authority, { name: 'admin', user: 'admin', group: 'system:masters' }),
  ]);
  return authority;
}

function etcdArguments(options: {
  folder: string;
  authority: Authority;
  etcdUrl: string;
  peerUrl: string;
}): readonly string[] {
  const { folder, authority, etcdUrl, peerUrl } = options;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync', // Test data does not outlive the machine.
    '--log-level=warn',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--client-cert-auth',
    `--trusted-ca-file=${authority.file('ca.crt')}`,
    `--cert-file=${authority.file('etcd.crt')}`,
    `--key-file=${authority.file('etcd.key')}`,
  ];
}

function apiServerArguments(options: {
  authority: Authority;
  address: string;
  port: number;
  etcdUrl: string;
}): readonly string[] {
  const { authority, address, port, etcdUrl } = options;
  return [
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${port}`,
    `--etcd-servers=${etcdUrl}`,
    `--etcd-cafile=${authority.file('ca.crt')}`,
    `--etcd-certfile=${authority.file('etcd.crt')}`,
    `--etcd-keyfile=${authority.file('etcd.key')}`,
    `--tls-cert-file=${authority.file('kube-apiserver.crt')}`,
    `--tls-private-key-file=${authority.file('kube-apiserver.key')}`,
    `--client-ca-file=${authority.file('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${authority.file('sa.pub')}`,
    `--service-account-signing-key-file=${authority.file('sa.key')}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--authorization-mode=Node,RBAC',
    // The endpoints of the service `kubernetes` may not be a loopback address.
    '--endpoint-reconciler-type=none',
    '--profiling=false',
  ];
}

async function untilReady(
  url: string,
  options: { authority: Authority; processes: readonly RunningProcess[] },
): Promise<void> {
  const { authority, processes } = options;
  const read = async (name: string) => await readFile(authority.file(name));
  const identity = { ca: await read('ca.crt'), cert: await read('admin.crt'), key: await read('admin.key') };
  await waitFor('the API server to be ready', async () => {
    for (const started of processes) {
      const ending = await started.ending();
      if (ending !== undefined) throw new Error(ending);
    }
    return (await statusOf(`${url}/readyz`, identity)) === 200 ? true : undefined;
  });
}

/** The HTTP status of a GET; undefined when nothing answers. */
async function statusOf(url: string, identity: object): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const call = request(url, { ...identity, agent: false, timeout: 5000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

import { join } from 'node:path';
import type { ApiServer } from './api-server.ts';
import { issue, writeKubeconfig } from './certificates.ts';
import { startProcess, type RunningProcess } from './start-process.ts';

/** Starts the controller manager and the scheduler of a ready API server. */
export async function startControllers(
  apiServer: ApiServer,
  programs: string,
): Promise<readonly RunningProcess[]> {
  return await Promise.all([
    // A dead node is noticed after 20 s, not 50.
    startControllerManager(apiServer, programs, ['--node-monitor-grace-period=20s']),
    startScheduler(apiServer, programs),
  ]);
}

export async function startControllerManager(
  apiServer: ApiServer,
  programs: string,
  own: readonly string[],
): Promise<RunningProcess> {
  const { authority } = apiServer;
  return await startController(apiServer, {
    name: 'kube-controller-manager',
    programs,
    own: [
      '--use-service-account-credentials=true',
      `--root-ca-file=${authority.file('ca.crt')}`,
      `--service-account-private-key-file=${authority.file('sa.key')}`,
      ...own,
    ],
  });
}

async function startScheduler(apiServer: ApiServer, programs: string): Promise<RunningProcess> {
  return await startController(apiServer, { name: 'kube-scheduler', programs, own: [] });
}

async function startController(
  { url, authority, folder }: ApiServer,
  { name, programs, own }: { name: string; programs: string; own: readonly string[] },
): Promise<RunningProcess> {
  await issue(authority, { name, user: `system:${name}` });
  const kubeconfig = await writeKubeconfig(authority, name, url);
  const common = [
    ...['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
      (option) => `--${option}=${kubeconfig}`,
    ),
    '--leader-elect=false',
    '--profiling=false',
    // Nobody asks them anything: they listen nowhere.
    '--secure-port=0',
  ];
  return await startProcess(join(programs, name), [...common, ...own], {
    log: join(folder, 'log', `${name}.log`),
  });
}

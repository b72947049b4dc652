import { join } from 'node:path';
import type { ApiServer } from './api-server.ts';
import { issue, writeKubeconfig } from './certificates.ts';
import { startProcess, type RunningProcess } from './start-process.ts';

/** Starts the controller manager and the scheduler of a ready API server. */
export async function startControllers(
  { url, authority, folder }: ApiServer,
  programs: string,
): Promise<readonly RunningProcess[]> {
  const parts = [
    {
      name: 'kube-controller-manager',
      own: [
        '--use-service-account-credentials=true',
        `--root-ca-file=${authority.file('ca.crt')}`,
        `--service-account-private-key-file=${authority.file('sa.key')}`,
        // A dead node is noticed after 20 s, not 50.
        '--node-monitor-grace-period=20s',
      ],
    },
    { name: 'kube-scheduler', own: [] },
  ];
  return await Promise.all(
    parts.map(async ({ name, own }) => {
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
    }),
  );
}

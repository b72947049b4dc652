import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../certificates.ts';
import { kubeletConfiguration, nodeName } from './configuration.ts';
import type { NodeNamespaces } from './namespaces.ts';
import type { NodeNetwork } from './network.ts';

export interface KubeletOptions {
  readonly folder: string;
  readonly namespaces: NodeNamespaces;
  readonly network: NodeNetwork;
  readonly authority: Authority;
  /** Where the programs of Kubernetes are. */
  readonly programs: string;
  readonly kubeconfig: string;
  readonly gpus: number;
}

/** Starts the kubelet of a node and the device plugin of its pretend GPUs. */
export async function startKubelet(options: KubeletOptions): Promise<void> {
  const { folder, namespaces, network, authority, programs, kubeconfig, gpus } = options;
  const configuration = join(folder, 'kubelet.json');
  await writeFile(join(folder, 'resolv.conf'), '');
  await writeFile(
    configuration,
    JSON.stringify(kubeletConfiguration({ authority, network, folder, group: namespaces.group })),
  );
  await namespaces.start(
    join(programs, 'kubelet'),
    [
      '--config',
      configuration,
      '--kubeconfig',
      kubeconfig,
      '--hostname-override',
      nodeName,
      '--node-ip',
      network.node,
    ],
    'kubelet.log',
  );
  if (gpus === 0) return;
  await namespaces.start(
    join(programs, 'pretend-gpus'),
    ['-count', String(gpus), '-unhealthy-file', join(folder, 'unhealthy-gpus')],
    'pretend-gpus.log',
  );
}

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { requiredVersion, sourcesOf, type GoModule } from './go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which Kubernetes is built for tests. */
export const kubernetes: GoModule = {
  folder: join(root, 'test', 'cluster', 'kube'),
  name: 'Kubernetes',
  otherwise:
    'name a folder with etcd, kube-apiserver and kubectl in KUBEBUILDER_ASSETS (enough for the API-server suite)',
};

/** The names under which the one program of that module is called. */
export const kubernetesPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
  'pretend-gpus',
] as const;

/** What the build says of itself, as a release of Kubernetes would. */
export function linkerOptions(version: string): string {
  const [, minor = '0'] = version.split('.');
  const facts = { gitVersion: version, gitMajor: '1', gitMinor: minor, gitTreeState: 'clean' };
  const settings = Object.entries(facts).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...settings].join(' ');
}

/** The version of Kubernetes that the module asks for, such as `v1.35.4`. */
export async function kubernetesVersion(): Promise<string> {
  return requiredVersion(kubernetes.folder, 'k8s.io/kubernetes');
}

/** The folder in the cache that holds the programs built from the module as it is now; it may not be there yet. */
export async function kubernetesFolder(): Promise<string> {
  const sources = await sourcesOf(kubernetes.folder);
  const digest = digestOfJson({
    sources,
    programs: kubernetesPrograms,
    linker: linkerOptions(await kubernetesVersion()),
    processor: process.arch,
  });
  return join(cacheFolder(), `kube-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`);
}

export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

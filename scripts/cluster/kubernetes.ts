import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfBytes, digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which Kubernetes is built for tests. */
export const kubernetesModule = join(root, 'test', 'cluster', 'kube');

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
  const text = await readFile(join(kubernetesModule, 'go.mod'), 'utf8');
  const version = /^require k8s\.io\/kubernetes (v1\.\d+\.\d+)$/m.exec(text)?.[1];
  if (version === undefined) throw new Error('test/cluster/kube/go.mod requires no version of Kubernetes.');
  return version;
}

/** The folder in the cache that holds the programs built from the module as it is now; it may not be there yet. */
export async function kubernetesFolder(): Promise<string> {
  const names = await readdir(kubernetesModule, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile() && /\.(?:go|mod|sum)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const sources = await Promise.all(
    paths.map(async (path) => [relative(kubernetesModule, path), digestOfBytes(await readFile(path))]),
  );
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

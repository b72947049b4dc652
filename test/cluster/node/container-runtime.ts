import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines } from '../../../scripts/tensorflow/command.ts';
import { waitFor } from '../wait-for.ts';
import { containerdConfiguration, containerdSocket, podNetwork } from './configuration.ts';
import type { NodeNamespaces } from './namespaces.ts';
import type { NodeNetwork } from './network.ts';
import { writeTestImages } from './test-images.ts';

export interface ContainerRuntime {
  /** Makes an image archive known to the node. */
  loadImage(archive: string): Promise<void>;
  /** Gives an image that is there another name, which costs nothing. */
  nameImage(reference: string, name: string): Promise<void>;
}

export interface RuntimeOptions {
  readonly folder: string;
  readonly namespaces: NodeNamespaces;
  readonly network: NodeNetwork;
  /** Where the packages of the distribution are unpacked. */
  readonly packages: string;
  readonly pause: string;
}

/** Starts containerd in a node, with the images that pods of tests use. */
export async function startContainerRuntime(options: RuntimeOptions): Promise<ContainerRuntime> {
  const { folder, namespaces, network, packages, pause } = options;
  const networkFolder = join(folder, 'pod-network');
  await mkdir(networkFolder);
  await writeFile(join(networkFolder, 'pods.conflist'), JSON.stringify(podNetwork(network)));
  const configuration = join(folder, 'containerd.toml');
  const pluginFolder = join(packages, 'usr', 'lib', 'cni');
  await writeFile(configuration, containerdConfiguration({ networkFolder, pluginFolder }));
  const containerd = await namespaces.start('containerd', ['--config', configuration], 'containerd.log');
  const archives = await writeTestImages(join(folder, 'images'), {
    pause,
    busybox: join(packages, 'bin', 'busybox'),
  });
  const ctr = async (...call: readonly string[]) =>
    await namespaces.run('ctr', ['--address', containerdSocket, '--namespace', 'k8s.io', ...call]);
  await waitFor('containerd to answer', async () => {
    const ending = await containerd.ending();
    if (ending !== undefined) throw new Error(ending);
    return (await ctr('version')).code === 0 ? true : undefined;
  });
  const loadImage = async (archive: string) => {
    const result = await ctr('images', 'import', archive);
    if (result.code !== 0) throw new Error(`ctr could not import ${archive}: ${lastLines(result.stderr)}`);
  };
  const nameImage = async (reference: string, name: string) => {
    const result = await ctr('images', 'tag', reference, name);
    if (result.code !== 0) throw new Error(`ctr could not name ${reference}: ${lastLines(result.stderr)}`);
  };
  // A pod that comes before the pause image is there waits 10 s and more for another attempt.
  for (const archive of archives) await loadImage(archive);
  return { loadImage, nameImage };
}

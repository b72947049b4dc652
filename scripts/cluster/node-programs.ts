import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { Output } from '../tensorflow/progress.ts';
import { isThere } from './kubernetes.ts';

/** What a node runs besides Kubernetes: the container runtime, its network plugins, and a shell for test images. */
const debianPackages = ['containerd', 'runc', 'containernetworking-plugins', 'libseccomp2', 'busybox-static'];

/** The folder in the cache into which those packages are unpacked; it may not be there yet. */
export async function nodeProgramsFolder(): Promise<string> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const digest = digestOfJson({ debianPackages, system, processor: process.arch });
  return join(cacheFolder(), `node-programs-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`);
}

/** Why this machine can't run a node; undefined when it can. */
export async function whyNoNode(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it makes namespaces and network links, so it needs root';
  for (const [tool, packageName] of [
    ['ip', 'iproute2'],
    ['unshare', 'util-linux'],
    ['tar', 'tar'],
    ['apt-get', 'a Debian or Ubuntu, whose packages it takes'],
  ] as const) {
    if ((await runCommand(tool, ['--help'])).missing) return `there is no ${tool} (${packageName})`;
  }
  const trial = await runCommand('unshare', [
    '--mount',
    '--net',
    '--pid',
    '--uts',
    '--ipc',
    '--fork',
    'true',
  ]);
  return trial.code === 0 ? undefined : `this root may make no namespaces (${lastLines(trial.stderr, 1)})`;
}

/**
 * Takes the packages that a node needs from this machine's distribution and unpacks them into `folder`. Nothing is
 * installed: the machine itself stays as it is.
 */
export async function fetchNodePrograms(
  folder: string,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<void> {
  const partial = join(dirname(folder), `.partial-${hostname()}-${process.pid}`);
  const own = ['lists', 'cache', 'packages', 'unpacked'].map((name) => join(partial, name));
  const [lists = '', cache = '', packages = '', unpacked = ''] = own;
  const apt = [
    '-q',
    '-o',
    `Dir::State::Lists=${lists}`,
    '-o',
    `Dir::Cache=${cache}`,
    '-o',
    'APT::Sandbox::User=root',
  ];
  const run = async (program: string, programArguments: readonly string[], from = partial) => {
    const result = await runCommand(program, programArguments, { signal, folder: from });
    if (result.code === 0) return;
    throw new BlockstillError('setup/download-failed', `${program} could not fetch or unpack a package.`, {
      hint: `Fetching containerd needs the network, once. It said:\n${lastLines(result.stderr)}`,
    });
  };
  try {
    await rm(partial, { recursive: true, force: true }); // Of a killed process that had the same number.
    for (const path of [join(lists, 'partial'), join(cache, 'archives', 'partial'), packages, unpacked]) {
      await mkdir(path, { recursive: true });
    }
    output.write('Waiting for the download of containerd (36 MB and the list of packages, about 10 s) ...\n');
    await run('apt-get', [...apt, 'update']);
    await run('apt-get', [...apt, 'download', ...debianPackages], packages);
    for (const name of await readdir(packages)) {
      await run('dpkg-deb', ['--extract', join(packages, name), unpacked]);
    }
    await rename(unpacked, folder);
  } catch (error) {
    // Another set-up was faster.
    if (!(await isThere(folder))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

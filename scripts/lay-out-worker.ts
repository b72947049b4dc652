/** `node scripts/lay-out-worker.ts FOLDER`: every file of the worker's image, for `images/worker.Containerfile`. */
import { chmod, mkdir, mkdtempDisposable, readdir, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../common/error.ts';
import { bundle, nativePackages } from './bundle.ts';
import { isThere } from './cluster/kubernetes.ts';
import { layOut, type ImageFile } from './images/image-file.ts';
import { packageFiles } from './images/package-files.ts';
import { sharedLibraries } from './images/shared-libraries.ts';
import { installedAddon, installedLibraries } from './tensorflow/install.ts';

const root = dirname(import.meta.dirname);
const tensorflow = '@tensorflow/tfjs-node-gpu';
const application = '/app';
const certificates = '/etc/ssl/certs/ca-certificates.crt';
const user = 65532;

/** `config` of the image, as the OCI specification has it. */
export const workerImageConfig = {
  Entrypoint: ['node', `${application}/worker.mjs`],
  Env: ['PATH=/usr/local/bin', 'HOME=/tmp'],
  User: `${user}:${user}`,
  WorkingDir: application,
} as const;

/**
 * The worker with all that it needs, down to the C library: Node, the bundle, TensorFlow with its addon, sharp, koffi.
 *
 * @param programs the folder with the bundle
 */
export async function workerFiles(programs: string): Promise<readonly ImageFile[]> {
  const modules = join(root, 'node_modules');
  const inImage = join(application, 'node_modules');
  const packageFolder = dirname(createRequire(import.meta.url).resolve(`${tensorflow}/package.json`));
  const libraryFolder = installedLibraries(packageFolder);
  const names = (await readdir(programs)).filter((name) =>
    /^(worker|progress-thread|meter-thread)\.mjs/.test(name),
  );
  const tensorflowFiles = [
    join(packageFolder, 'package.json'),
    installedAddon(packageFolder),
    ...(await librariesOf(libraryFolder)),
  ];
  const native = await packageFiles(nativePackages, { modules, target: inImage });
  const linked = [
    process.execPath,
    installedAddon(packageFolder),
    ...native.map(({ from }) => from).filter((path) => path.endsWith('.node')),
  ];
  const system = await sharedLibraries(linked, { outside: modules });
  return [
    { from: await realpath(process.execPath), to: '/usr/local/bin/node' },
    ...names.map((name) => ({ from: join(programs, name), to: join(application, name) })),
    ...tensorflowFiles.map((from) => ({ from, to: join(inImage, from.slice(modules.length)) })),
    ...native,
    ...system.map((path) => ({ from: path, to: path })),
    ...((await isThere(certificates)) ? [{ from: certificates, to: certificates }] : []),
  ];
}

/** Besides its files an image has a user and a place for temporary files. */
export async function layOutWorker(files: readonly ImageFile[], folder: string): Promise<void> {
  await layOut(files, folder);
  await mkdir(join(folder, 'etc'), { recursive: true });
  await writeFile(
    join(folder, 'etc', 'passwd'),
    `root:x:0:0:root:/:/sbin/nologin\nworker:x:${user}:${user}:worker:/tmp:/sbin/nologin\n`,
  );
  await writeFile(join(folder, 'etc', 'group'), `root:x:0:\nworker:x:${user}:\n`);
  await mkdir(join(folder, 'tmp'), { recursive: true });
  await chmod(join(folder, 'tmp'), 0o1777);
}

/** TensorFlow's libraries; with a Python installation other files may lie beside them. */
async function librariesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /^libtensorflow.*\.so\.2$/.test(name)).map((name) => join(folder, name));
}

if (import.meta.main) {
  const [, , folder] = process.argv;
  if (folder === undefined) throw new InvalidInputError('setup/usage', 'Say into which folder.');
  await using programs = await mkdtempDisposable(join(tmpdir(), 'blockstill-bundle-'));
  await bundle(programs.path);
  await layOutWorker(await workerFiles(programs.path), folder);
}

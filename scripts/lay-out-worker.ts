/** `node scripts/lay-out-worker.ts FOLDER`: every file of the worker's image, for `images/worker.Containerfile`. */
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../common/error.ts';
import { bundle, nativePackages } from './bundle.ts';
import type { ImageFile } from './images/image-file.ts';
import { applicationFolder, layOutNodeImage, nodeFiles, nodeImageConfig } from './images/node-image.ts';
import { packageFiles } from './images/package-files.ts';
import { installedAddon, installedLibraries } from './tensorflow/install.ts';

const root = dirname(import.meta.dirname);
const tensorflow = '@tensorflow/tfjs-node-gpu';

/** `config` of the image, as the OCI specification has it. */
export const workerImageConfig = nodeImageConfig('worker.mjs');

/**
 * The worker with all that it needs, down to the C library: Node, the bundle, TensorFlow with its addon, sharp, koffi.
 *
 * @param programs the folder with the bundle
 */
export async function workerFiles(programs: string): Promise<readonly ImageFile[]> {
  const modules = join(root, 'node_modules');
  const inImage = join(applicationFolder, 'node_modules');
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
    installedAddon(packageFolder),
    ...native.map(({ from }) => from).filter((path) => path.endsWith('.node')),
  ];
  return [
    ...(await nodeFiles(linked)),
    ...names.map((name) => ({ from: join(programs, name), to: join(applicationFolder, name) })),
    ...tensorflowFiles.map((from) => ({ from, to: join(inImage, from.slice(modules.length)) })),
    ...native,
  ];
}

export async function layOutWorker(files: readonly ImageFile[], folder: string): Promise<void> {
  await layOutNodeImage(files, folder, 'worker');
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

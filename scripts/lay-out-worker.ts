/**
 * `node scripts/lay-out-worker.ts [--tensorflow gpu] FOLDER`: every file of the worker's image, for
 * `images/worker.Containerfile`; for a GPU with the CUDA libraries.
 */
import { mkdtempDisposable, readdir, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '../common/error.ts';
import { bundle, nativePackages, type Programs } from './bundle.ts';
import type { ImageFile } from './images/image-file.ts';
import {
  applicationFolder,
  layOutNodeImage,
  licensesFolder,
  nodeFiles,
  nodeImageConfig,
} from './images/node-image.ts';
import { packageFiles } from './images/package-files.ts';
import { thirdPartyLicenses } from './npm/third-party-licenses.ts';
import { cudaLibraries, type CudaLibraries } from './tensorflow/fetch-cuda.ts';
import { installedAddon, installedLibraries } from './tensorflow/install.ts';
import { parseFlavour } from './tensorflow/release.ts';

const root = dirname(import.meta.dirname);
const tensorflow = '@tensorflow/tfjs-node-gpu';

const config = nodeImageConfig('worker.mjs');

/**
 * `config` of the image, as the OCI specification has it. A driver is put into a container in Debian's own folder, or in
 * one of these: by GKE, and by NVIDIA's toolkit, for which an image without a distribution is no Debian.
 */
export const workerImageConfig = {
  ...config,
  Env: [...config.Env, 'LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/lib64'],
};

/**
 * The worker with all that it needs, down to the C library: Node, the bundle, TensorFlow with its addon, sharp, koffi.
 *
 * @param cuda the CUDA libraries, for an image with the CUDA build of TensorFlow
 */
export async function workerFiles(
  { folder, inputs }: Programs,
  cuda?: CudaLibraries,
): Promise<readonly ImageFile[]> {
  const modules = join(root, 'node_modules');
  const inImage = join(applicationFolder, 'node_modules');
  const packageFolder = dirname(createRequire(import.meta.url).resolve(`${tensorflow}/package.json`));
  const libraryFolder = installedLibraries(packageFolder);
  const names = (await readdir(folder)).filter((name) =>
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
    ...(cuda?.files ?? []).map(({ from }) => from).filter((path) => /\.so\./.test(path)),
  ];
  return [
    ...(await nodeFiles(linked, cuda === undefined ? [] : [cuda.folder])),
    ...(cuda?.files ?? []),
    ...names.map((name) => ({ from: join(folder, name), to: join(applicationFolder, name) })),
    ...tensorflowFiles.map((from) => ({ from, to: join(inImage, from.slice(modules.length)) })),
    ...native,
    ...(await tensorflowLicenses(libraryFolder)),
    {
      text: await thirdPartyLicenses(root, [
        ...inputs.worker,
        ...[join(packageFolder, 'package.json'), ...native.map(({ from }) => from)].map((path) =>
          relative(root, path),
        ),
      ]),
      to: `${licensesFolder}/THIRD-PARTY-LICENSES.txt`,
    },
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

/** What came along with TensorFlow's libraries, if they are a part of its Python package. */
async function tensorflowLicenses(libraryFolder: string): Promise<readonly ImageFile[]> {
  const folder = dirname(await realpath(libraryFolder));
  const names = (await readdir(folder)).filter((name) => /^(LICENSE|THIRD_PARTY_NOTICES\.txt)$/.test(name));
  return names.map((name) => ({ from: join(folder, name), to: `${licensesFolder}/tensorflow/${name}` }));
}

async function cudaLibrariesHere(): Promise<CudaLibraries> {
  return await cudaLibraries(join(applicationFolder, 'node_modules', tensorflow, 'deps'), {
    output: { write: (text) => void process.stdout.write(text), isTerminal: false },
    signal: new AbortController().signal,
  });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { tensorflow: { type: 'string', default: 'cpu' } },
    allowPositionals: true,
  });
  const [folder] = positionals;
  const flavour = parseFlavour(values.tensorflow);
  if (folder === undefined || flavour === undefined) {
    throw new InvalidInputError('setup/usage', 'Say into which folder, and --tensorflow cpu or gpu.');
  }
  await using programs = await mkdtempDisposable(join(tmpdir(), 'blockstill-bundle-'));
  const bundled = await bundle(programs.path);
  const cuda = flavour === 'gpu' ? await cudaLibrariesHere() : undefined;
  await layOutWorker(await workerFiles(bundled, cuda), folder);
}

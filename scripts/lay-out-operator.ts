/** `node scripts/lay-out-operator.ts FOLDER`: every file of the operator's image. */
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../common/error.ts';
import { bundle, type Programs } from './bundle.ts';
import type { ImageFile } from './images/image-file.ts';
import {
  applicationFolder,
  layOutNodeImage,
  licensesFolder,
  nodeFiles,
  nodeImageConfig,
} from './images/node-image.ts';
import { thirdPartyLicenses } from './npm/third-party-licenses.ts';

const root = dirname(import.meta.dirname);

/**
 * `config` of the image, as the OCI specification has it. The operator's heap may grow by a fifth between two
 * collections, and not to twice its size: it runs for months.
 */
export const operatorImageConfig = nodeImageConfig('operator.mjs', ['--heap-growing-percent=20']);

/**
 * The operator with all that it needs, down to the C library: Node and the bundle. And the command line, with which a pod
 * in the cluster follows a job.
 */
export async function operatorFiles({ folder, inputs }: Programs): Promise<readonly ImageFile[]> {
  const names = (await readdir(folder)).filter((name) =>
    /^(operator|watchdog-thread|blockstill)\.mjs/.test(name),
  );
  return [
    ...(await nodeFiles()),
    ...names.map((name) => ({ from: join(folder, name), to: join(applicationFolder, name) })),
    // On the path; there is no shell that could start it.
    { from: join(root, 'images', 'blockstill'), to: '/usr/local/bin/blockstill' },
    {
      text: await thirdPartyLicenses(root, [...inputs.operator, ...inputs['command line']]),
      to: `${licensesFolder}/THIRD-PARTY-LICENSES.txt`,
    },
  ];
}

export async function layOutOperator(files: readonly ImageFile[], folder: string): Promise<void> {
  await layOutNodeImage(files, folder, 'operator');
}

if (import.meta.main) {
  const [, , folder] = process.argv;
  if (folder === undefined) throw new InvalidInputError('setup/usage', 'Say into which folder.');
  await using programs = await mkdtempDisposable(join(tmpdir(), 'blockstill-bundle-'));
  await layOutOperator(await operatorFiles(await bundle(programs.path)), folder);
}

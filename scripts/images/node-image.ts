import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isThere } from '../cluster/kubernetes.ts';
import { debianFiles } from './debian-files.ts';
import { layOut, settle, type ImageFile } from './image-file.ts';
import { sharedLibraries } from './shared-libraries.ts';

/** The folder of the programs in an image. */
export const applicationFolder = '/app';

/** Where an image has the licences of what is in it. */
export const licensesFolder = '/licenses';

const root = dirname(dirname(import.meta.dirname));
const certificates = '/etc/ssl/certs/ca-certificates.crt';
const user = 65532;

/** `config` of an image that starts a program of the application folder, as the OCI specification has it. */
export function nodeImageConfig(program: string, nodeOptions: readonly string[] = []) {
  return {
    Entrypoint: ['node', ...nodeOptions, `${applicationFolder}/${program}`],
    Env: ['PATH=/usr/local/bin', 'HOME=/tmp'],
    User: `${user}:${user}`,
    WorkingDir: applicationFolder,
  } as const;
}

/**
 * What every image has: this machine's Node, the shared libraries of Node and of `linked`, the certificate authorities,
 * and what there is to say of them: for scanners and of licences.
 *
 * @param linked libraries among the other files of the image
 * @param outside folders besides `node_modules` whose libraries are in the image anyway
 */
export async function nodeFiles(
  linked: readonly string[] = [],
  outside: readonly string[] = [],
): Promise<readonly ImageFile[]> {
  const system = await sharedLibraries([process.execPath, ...linked], {
    outside: [join(root, 'node_modules'), ...outside],
  });
  const node = await realpath(process.execPath);
  const authorities = (await isThere(certificates)) ? [certificates] : [];
  return [
    { from: node, to: '/usr/local/bin/node' },
    { from: join(dirname(dirname(node)), 'LICENSE'), to: `${licensesFolder}/node.txt` },
    { from: join(root, 'LICENSE'), to: `${licensesFolder}/LICENSE` },
    ...[...system, ...authorities].map((path) => ({ from: path, to: path })),
    // The authorities are no file of a package: this program of theirs has put them together.
    ...(await debianFiles([...system, ...authorities.map(() => '/usr/sbin/update-ca-certificates')])),
  ];
}

/**
 * Besides its files an image has a user and a place for temporary files.
 *
 * @param name of the user
 */
export async function layOutNodeImage(
  files: readonly ImageFile[],
  folder: string,
  name: string,
): Promise<void> {
  await layOut(files, folder);
  await mkdir(join(folder, 'etc'), { recursive: true });
  await writeFile(
    join(folder, 'etc', 'passwd'),
    `root:x:0:0:root:/:/sbin/nologin\n${name}:x:${user}:${user}:${name}:/tmp:/sbin/nologin\n`,
  );
  await writeFile(join(folder, 'etc', 'group'), `root:x:0:\n${name}:x:${user}:\n`);
  await mkdir(join(folder, 'tmp'), { recursive: true });
  await chmod(join(folder, 'tmp'), 0o1777);
  await settle(folder);
}

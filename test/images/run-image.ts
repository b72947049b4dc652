import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommand, type CommandResult } from '../../scripts/tensorflow/command.ts';
import type { BuiltImage } from './image-builder.ts';

export interface RunRequest {
  /** After the image's own entry point. */
  readonly args?: readonly string[];
  /** In place of the image's entry point. */
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Folders and files of this machine, by their paths in the container. */
  readonly volumes?: Readonly<Record<string, string>>;
  readonly seconds?: number;
}

const standardMounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
  { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] },
];

/**
 * Runs an image as a pod of the restricted level would: as its own user, with a read-only root, no capabilities, no new
 * privileges, and here no network. Ends by force after `seconds` (default: 60), with code `undefined`.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md
 */
export async function runImage(image: BuiltImage, request: RunRequest): Promise<CommandResult> {
  await using bundle = await mkdtempDisposable(join(tmpdir(), 'blockstill-run-'));
  const { config } = image.config;
  const [uid, gid] = config.User.split(':').map(Number);
  const environment = Object.entries(request.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  const volumes = Object.entries(request.volumes ?? {}).map(([destination, source]) => ({
    destination,
    source,
    type: 'bind',
    options: ['rbind', 'rw', 'nosuid', 'nodev'],
  }));
  const specification = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...(request.entrypoint ?? config.Entrypoint), ...(request.args ?? [])],
      env: [...config.Env, ...environment],
      cwd: config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: image.files, readonly: true },
    mounts: [...standardMounts, ...volumes],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })) },
  };
  await writeFile(join(bundle.path, 'config.json'), JSON.stringify(specification));
  const name = basename(bundle.path);
  const seconds = request.seconds ?? 60;
  try {
    return await runCommand('timeout', [
      '--signal=KILL',
      `${seconds}`,
      'runc',
      'run',
      '--bundle',
      bundle.path,
      name,
    ]);
  } finally {
    await runCommand('runc', ['delete', '--force', name]);
  }
}

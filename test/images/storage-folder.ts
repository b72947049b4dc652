import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../scripts/tensorflow/command.ts';

const prefix = `blockstill-images-${hostname()}-`;

/**
 * A new folder for images while they are built; its name says which process it belongs to. Those of processes that were
 * killed are removed: each has some gigabytes.
 */
export async function makeStorageFolder(): Promise<string> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const [owner = ''] = name.slice(prefix.length).split('-');
    if (await isRunning(owner)) continue;
    await removeStorageFolder(join(tmpdir(), name));
  }
  return await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
}

/** Removes a folder with what is mounted in it, the innermost first. */
export async function removeStorageFolder(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  for (const place of mounts.filter((each) => each.startsWith(`${folder}/`)).toReversed()) {
    await runCommand('umount', [place]);
  }
  await rm(folder, { recursive: true, force: true });
}

async function isRunning(processId: string): Promise<boolean> {
  // Not by a signal: in a container without an init process a killed one stays as a zombie, whose command is empty.
  const command = await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
  return command !== '';
}

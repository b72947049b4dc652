import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeControlGroups } from './node/control-groups.ts';

const prefix = `blockstill-cluster-${hostname()}-`;

/** A new folder for what a cluster keeps while it runs; its name says which process it belongs to. */
export async function makeWorkFolder(): Promise<string> {
  await removeLeftovers();
  return await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
}

/** Removes the folders and control groups of processes that were killed; the kernel has ended all else of them. */
async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const [owner = ''] = name.slice(prefix.length).split('-');
    if (await isRunning(owner)) continue;
    // Another process may be about the same; what stays, the next one removes.
    await removeControlGroups(name).catch(() => undefined);
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isRunning(processId: string): Promise<boolean> {
  // Not by a signal: in a container without an init process a killed one stays as a zombie, whose command is empty.
  const command = await readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
  return command !== '';
}

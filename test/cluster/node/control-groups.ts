import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../../scripts/cluster/kubernetes.ts';
import { waitFor } from '../wait-for.ts';

const controlGroups = '/sys/fs/cgroup';

/** Removes a control group, in every hierarchy that has it. */
export async function removeControlGroups(group: string): Promise<void> {
  const hierarchies = await readdir(controlGroups).catch(() => []);
  for (const hierarchy of ['.', ...hierarchies]) {
    await removeControlGroup(join(controlGroups, hierarchy, group));
  }
}

/** A control group is removed as an empty folder, after those in it; its files count for nothing. */
async function removeControlGroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) {
    if (entry.isDirectory()) await removeControlGroup(join(path, entry.name));
  }
  await waitFor(
    `${path} to be empty`,
    async () => {
      try {
        await rmdir(path);
        return true;
      } catch {
        return (await isThere(path)) ? undefined : true;
      }
    },
    10,
  );
}

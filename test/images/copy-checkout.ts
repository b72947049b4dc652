import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../../scripts/tensorflow/command.ts';

/** Copies the files of a checkout that git knows or would take, as they are now, to another place. */
export async function copyCheckout(from: string, to: string): Promise<void> {
  const list = await runCommand('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    folder: from,
  });
  if (list.code !== 0) throw new Error(`git ls-files: ${list.stderr}`);
  for (const name of list.stdout.split('\0').filter((each) => each !== '')) {
    await mkdir(dirname(join(to, name)), { recursive: true });
    // A file that git knows may be gone.
    await cp(join(from, name), join(to, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

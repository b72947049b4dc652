import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { runnerFiles } from '../operator/local/layout.ts';
import { isRunning } from '../operator/local/process-identity.ts';

const ownerSchema = z.object({ pid: z.int(), startTicks: z.string() });

/** Whether the process that the lock in a job's folder names is alive: without one, nobody runs the job. */
export async function hasActiveRun(folder: string): Promise<boolean> {
  try {
    return await isRunning(
      ownerSchema.parse(JSON.parse(await readFile(join(folder, runnerFiles.lock), 'utf8'))),
    );
  } catch {
    return false;
  }
}

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobSpec } from './job-spec.ts';

/** What only an unfinished job needs, or what prepare makes again: materialised data, downloads, caches, checkpoints. */
const perishable = [/^data$/, /^downloads$/, /^scratch$/, /^checkpoint\.safetensors$/];

/** By the name of a file or folder in an attempt's folder. */
export function isPerishable(name: string): boolean {
  return perishable.some((pattern) => pattern.test(name));
}

export interface JobEnd {
  readonly retain: JobSpec['storage']['retain'];
  readonly accepted: boolean;
}

/** Whether `storage.retain` lets the exchange be cleared at this end of a job. */
export function isClearedAfter({ retain, accepted }: JobEnd): boolean {
  return retain === 'Never' || (retain === 'OnFailure' && accepted);
}

/**
 * Clears the exchange of a job that has ended with a student, unless `storage.retain` keeps it. The worker does it after
 * its commit, and whoever runs the job does it again, because a worker may be killed in between.
 */
export async function clearUnlessRetained(exchange: string, end: JobEnd): Promise<void> {
  if (isClearedAfter(end)) await clearExchange(exchange);
}

/**
 * Frees the space that a finished job needs no more. Plan, profile, results and the student stay: they say what was done,
 * and that nothing is left to do. The blocks stay, too: they are small, and whoever edits how the student is stitched,
 * tuned or judged must not train them again. May be broken off and done again.
 */
export async function clearExchange(exchange: string): Promise<void> {
  for (const unit of await foldersOf(exchange)) {
    for (const attempt of await foldersOf(unit)) {
      for (const name of await readdir(attempt)) {
        if (isPerishable(name)) await rm(join(attempt, name), { recursive: true, force: true });
      }
    }
  }
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

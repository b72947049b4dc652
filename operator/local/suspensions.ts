import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeJsonAtomically } from '../../common/files.ts';
import type { Interval } from '../accounting/intervals.ts';
import { runnerFiles } from './layout.ts';

const suspensionsSchema = z.array(z.object({ start: z.number(), end: z.number() }));

/** Adds the time since the last run was seen alive, and returns all times in which nobody ran the job. */
export async function recordSuspension(
  folder: string,
  lastSeen: Date | undefined,
  now: Date,
): Promise<readonly Interval[]> {
  const earlier = await readSuspensions(folder);
  if (lastSeen === undefined) return earlier;
  const all = [...earlier, { start: lastSeen.getTime() / 1000, end: now.getTime() / 1000 }];
  await writeJsonAtomically(join(folder, runnerFiles.suspensions), all);
  return all;
}

/** All times in which nobody ran a job that some run has gone on with, in seconds since 1970. */
export async function readSuspensions(folder: string): Promise<readonly Interval[]> {
  try {
    return suspensionsSchema.parse(JSON.parse(await readFile(join(folder, runnerFiles.suspensions), 'utf8')));
  } catch {
    return [];
  }
}

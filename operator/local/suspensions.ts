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
  const path = join(folder, runnerFiles.suspensions);
  const earlier = await readSuspensions(path);
  if (lastSeen === undefined) return earlier;
  const all = [...earlier, { start: lastSeen.getTime() / 1000, end: now.getTime() / 1000 }];
  await writeJsonAtomically(path, all);
  return all;
}

async function readSuspensions(path: string): Promise<readonly Interval[]> {
  try {
    return suspensionsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return [];
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeJsonAtomically } from '../../common/files.ts';
import { digestSchema, stageSchema } from '../../worker/contract/primitives.ts';
import { processIdentitySchema } from './process-identity.ts';

/** What the runner writes down of an attempt, so that the next runner knows its processes. */
const attemptRecordSchema = z.object({
  version: z.literal(1),
  unit: z.string(),
  stage: stageSchema,
  id: z.string(),
  number: z.int().positive(),
  retry: z.int().nonnegative(),
  /** What it worked for: the digest of the spec for its stage. */
  specDigest: digestSchema,
  process: processIdentitySchema,
  device: z.string(),
  startTime: z.iso.datetime(),
  /** Present once the process has been seen to have ended. */
  end: z
    .object({
      time: z.iso.datetime(),
      state: z.enum(['Succeeded', 'Failed', 'Interrupted']),
      exitCode: z.int().optional(),
      message: z.string().optional(),
    })
    .optional(),
});
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;

const recordFile = 'attempt.json';

export async function writeAttemptRecord(folder: string, record: AttemptRecord): Promise<void> {
  await writeJsonAtomically(join(folder, recordFile), record);
}

/** Undefined when there is none: then no worker was ever let go in the folder. */
export async function readAttemptRecord(folder: string): Promise<AttemptRecord | undefined> {
  const text = await readFile(join(folder, recordFile), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return attemptRecordSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

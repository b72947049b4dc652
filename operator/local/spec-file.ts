import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { canonicalJson } from '../../common/digest.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { digestSchema } from '../../worker/contract/primitives.ts';
import { runnerFiles } from './layout.ts';
import type { LocalJob } from './local-job.ts';

const specFileSchema = z.object({
  version: z.literal(1),
  specDigests: z.object({ Prepare: digestSchema, Distill: digestSchema, Finetune: digestSchema }),
});
type SpecFile = z.infer<typeof specFileSchema>;

/** Whether the status in the job's folder is that of the manifest as it is now, and not of one before an edit. */
export async function isStatusOf(job: LocalJob): Promise<boolean> {
  const written = await readSpecFile(job.folder);
  return written !== undefined && canonicalJson(written.specDigests) === canonicalJson(job.specDigests);
}

/**
 * Notes in `spec.json` of which spec the status will be from now on. The status of another one is removed first, so that
 * nobody takes its end for that of this one, wherever this is broken off.
 *
 * @returns whether an earlier run in this folder followed another spec
 */
export async function recordSpec(job: LocalJob): Promise<boolean> {
  if (await isStatusOf(job)) return false;
  const written = await readSpecFile(job.folder);
  await rm(join(job.folder, runnerFiles.status), { force: true });
  const content = { version: 1, specDigests: job.specDigests } satisfies SpecFile;
  await writeJsonAtomically(join(job.folder, runnerFiles.spec), content);
  return written !== undefined;
}

async function readSpecFile(folder: string): Promise<SpecFile | undefined> {
  try {
    return specFileSchema.parse(JSON.parse(await readFile(join(folder, runnerFiles.spec), 'utf8')));
  } catch {
    return undefined;
  }
}

import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { canonicalJson } from '../../common/digest.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { digestSchema } from '../../worker/contract/primitives.ts';
import type { JobEvent } from '../decide/decision.ts';
import { runnerFiles } from './layout.ts';
import type { LocalJob } from './local-job.ts';

const specFileSchema = z.object({
  version: z.literal(1),
  manifestDigest: digestSchema,
  /** Null: unknown. */
  teacherDigest: digestSchema.nullable(),
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
 * @returns what there is to say when an earlier run followed another spec, or had another teacher
 */
export async function recordSpec(job: LocalJob): Promise<JobEvent | undefined> {
  if (await isStatusOf(job)) return undefined;
  const written = await readSpecFile(job.folder);
  await rm(join(job.folder, runnerFiles.status), { force: true });
  const { manifestDigest, specDigests, teacherDigest = null } = job;
  const content = { version: 1, manifestDigest, teacherDigest, specDigests } satisfies SpecFile;
  await writeJsonAtomically(join(job.folder, runnerFiles.spec), content);
  return written === undefined ? await teacherReplaced(job) : manifestEdited;
}

const manifestEdited = {
  type: 'Normal',
  reason: 'ManifestEdited',
  message:
    'The manifest was edited since the last run, but nothing that blocks depend on: finished blocks stay, and the student is made as it says now.',
} satisfies JobEvent;

/** Nothing of the job has been done; but perhaps with another teacher, of which the user may not be aware. */
async function teacherReplaced(job: LocalJob): Promise<JobEvent | undefined> {
  // Whoever reads the teacher says why it can't be read.
  if (job.teacherDigest === undefined) return undefined;
  const siblings = dirname(job.folder);
  for (const name of await readdir(siblings)) {
    const folder = join(siblings, name);
    const earlier = folder === job.folder ? undefined : await readSpecFile(folder);
    const { manifestDigest, teacherDigest } = earlier ?? {};
    // Null: there was none yet that could be read.
    if (manifestDigest !== job.manifestDigest || !teacherDigest) continue;
    const message = `The teacher is not the one that an earlier run of this manifest had, so all blocks are trained anew. What was made with the earlier one stays in ${folder}.`;
    return { type: 'Warning', reason: 'TeacherReplaced', message };
  }
  return undefined;
}

/** Undefined where nothing was run, or another version wrote it. */
export async function readSpecFile(folder: string): Promise<SpecFile | undefined> {
  try {
    return specFileSchema.parse(JSON.parse(await readFile(join(folder, runnerFiles.spec), 'utf8')));
  } catch {
    return undefined;
  }
}

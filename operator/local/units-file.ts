import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeJsonAtomically } from '../../common/files.ts';
import type { Execution } from '../accounting/baseline.ts';
import type { Plan } from '../../worker/contract/plan.ts';
import { digestSchema } from '../../worker/contract/primitives.ts';
import type { LocalPrepared } from './local-attempt.ts';
import { packingOf, trainingOf } from '../decide/job-settings.ts';
import { chooseUnits } from '../packing/choose-units.ts';
import { runnerFiles } from './layout.ts';
import type { LocalJob } from './local-job.ts';

const unitsFileSchema = z.object({
  version: z.literal(1),
  planDigest: digestSchema,
  /** The manifest's `packing` and `maxParallel` of that time. */
  packing: z.enum(['PerBlock', 'Auto']),
  maxParallel: z.int().positive().nullable(),
  units: z.array(z.array(z.string()).min(1)),
});
type UnitsFile = z.infer<typeof unitsFileSchema>;

/**
 * The units of a job: chosen when its plan is first seen and written into its folder, before any of them is started. What
 * the manifest says later changes nothing, nor do the times that a repeated prepare measures: finished units stay found.
 */
export async function unitsOf(job: LocalJob, prepared: Omit<LocalPrepared, 'units'>): Promise<UnitsFile> {
  const path = join(job.folder, runnerFiles.units);
  const written = await readUnits(path);
  if (written !== undefined && belongsTo(written, prepared)) return written;
  const packing = packingOf(job.compiled);
  const chosen = {
    version: 1,
    planDigest: prepared.reference.digest,
    packing: packing.mode,
    maxParallel: job.compiled.spec.execution.maxParallel ?? null,
    units: chooseUnits(prepared, trainingOf(job.compiled), packing).map((blocks) => [...blocks]),
  } satisfies UnitsFile;
  await writeJsonAtomically(path, chosen);
  return chosen;
}

/** The blocks of each unit as they were chosen for a plan; undefined as long as they have not been. */
export async function writtenUnits(
  folder: string,
  prepared: Omit<LocalPrepared, 'units'>,
): Promise<LocalPrepared['units'] | undefined> {
  const written = await readUnits(join(folder, runnerFiles.units));
  return written !== undefined && belongsTo(written, prepared) ? written.units : undefined;
}

/** The units in a job's folder, and by what they were chosen; undefined as long as they have not been. */
export async function readPacking(
  folder: string,
): Promise<Pick<Execution, 'packing' | 'workers' | 'units'> | undefined> {
  const chosen = await readUnits(join(folder, runnerFiles.units));
  if (chosen === undefined) return undefined;
  const { packing, maxParallel, units } = chosen;
  return { packing, workers: packing === 'Auto' ? (maxParallel ?? undefined) : undefined, units };
}

/** Made for this plan, with each of its blocks once and in its order. */
function belongsTo(
  { planDigest, units }: UnitsFile,
  { plan, reference }: { plan: Plan; reference: LocalPrepared['reference'] },
): boolean {
  const names = JSON.stringify(plan.blocks.map(({ name }) => name));
  return planDigest === reference.digest && JSON.stringify(units.flat()) === names;
}

async function readUnits(path: string): Promise<UnitsFile | undefined> {
  try {
    return unitsFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

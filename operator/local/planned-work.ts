import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as z from 'zod';
import { digestOfBytes } from '../../common/digest.ts';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { planFiles, planSchema, profileSchema, type Plan } from '../../worker/contract/plan.ts';
import { resultFile, unitResultSchema, type DistillResult } from '../../worker/contract/unit-result.ts';
import { unitSpecSchema, type UnitSpec } from '../../worker/contract/unit-spec.ts';
import { trainingOf } from '../decide/job-settings.ts';
import type { Measured, TrainingAmount } from '../decide/observed.ts';
import { attemptFiles } from './layout.ts';

/** What is known of a job's work from its folder: the plan with its times, and the units that are done. */
export interface PlannedWork {
  readonly measured: Measured<Plan>;
  readonly training: TrainingAmount;
  /** One a unit. */
  readonly results: readonly DistillResult[];
}

/**
 * Reads the plan that lies in a job's folder, or in that of one of its attempts at prepare. It is only looked at, so
 * digests are not verified and nothing is written.
 *
 * @param training what is trained by the plan, where the caller knows it; else it is taken from what prepare was told
 * @throws BlockstillError `run/not-prepared`
 * @throws InvalidInputError `run/plan-unreadable`
 */
export async function readPlannedWork(folder: string, training?: TrainingAmount): Promise<PlannedWork> {
  const prepared = await preparedFolder(folder);
  if (prepared === undefined) {
    throw new BlockstillError('run/not-prepared', 'There is no plan yet, so no times to simulate.', {
      where: folder,
      hint: 'Run the job until prepare is done: blockstill run MANIFEST. Ctrl-C stops it then, and the same command goes on later.',
    });
  }
  const planPath = join(prepared, planFiles.plan);
  const plan = await document(planPath, planSchema);
  const profile = await document(join(prepared, planFiles.profile), profileSchema);
  const digest = digestOfBytes(await readFile(planPath));
  const told = async (): Promise<TrainingAmount> =>
    trainingOf(await document(join(prepared, attemptFiles.spec), unitSpecSchema));
  return {
    measured: { plan, profile },
    training: training ?? (await told()),
    results: (await distillResults(dirname(dirname(prepared)))).filter(
      ({ planDigest }) => planDigest === digest,
    ),
  };
}

/** The plan in a job's folder, and what the prepare that made it was told; undefined as long as there is none. */
export async function readToldPlan(folder: string): Promise<{ plan: Plan; told: UnitSpec } | undefined> {
  const prepared = await preparedFolder(folder);
  if (prepared === undefined) return undefined;
  return {
    plan: await document(join(prepared, planFiles.plan), planSchema),
    told: await document(join(prepared, attemptFiles.spec), unitSpecSchema),
  };
}

/** What the attempts at distilling in a job's folder were told. */
export async function readToldUnits(folder: string): Promise<UnitSpec[]> {
  const attempts = await attemptFolders(folder);
  const told = attempts.map(async (attempt) => {
    const path = join(attempt, attemptFiles.spec);
    return existsSync(path) ? [await document(path, unitSpecSchema)] : [];
  });
  return (await Promise.all(told)).flat();
}

/** Of all units, in order. */
async function attemptFolders(exchange: string): Promise<string[]> {
  const units = (await namesIn(exchange)).filter((name) => name.startsWith('unit-'));
  const folders = units.map(async (unit) =>
    (await namesIn(join(exchange, unit))).map((attempt) => join(exchange, unit, attempt)),
  );
  return (await Promise.all(folders)).flat();
}

/** The folder itself, or that of the last attempt at prepare which wrote a plan. */
async function preparedFolder(folder: string): Promise<string | undefined> {
  if (await hasPlan(folder)) return folder;
  for (const attempt of (await namesIn(join(folder, 'prepare'))).toReversed()) {
    const candidate = join(folder, 'prepare', attempt);
    if (await hasPlan(candidate)) return candidate;
  }
  return undefined;
}

/** Prepare writes its profile last. */
async function hasPlan(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  return names.includes(planFiles.plan) && names.includes(planFiles.profile);
}

async function distillResults(exchange: string): Promise<DistillResult[]> {
  const units = (await namesIn(exchange)).filter((name) => name.startsWith('unit-'));
  const results = await Promise.all(
    units.map(async (unit) => {
      const attempts = await namesIn(join(exchange, unit));
      const read = attempts.map(
        async (attempt) => await distillResult(join(exchange, unit, attempt, resultFile)),
      );
      return (await Promise.all(read)).find((result) => result !== undefined);
    }),
  );
  return results.filter((result) => result !== undefined);
}

/** Undefined without one, or with one that another version wrote: then times are predicted. */
async function distillResult(path: string): Promise<DistillResult | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const result = unitResultSchema.parse(JSON.parse(text));
    return result.stage === 'Distill' ? result : undefined;
  } catch {
    return undefined;
  }
}

async function document<Value>(path: string, schema: z.ZodType<Value>): Promise<Value> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new InvalidInputError('run/plan-unreadable', 'This file of the plan can not be read.', {
      where: path,
      hint: 'It may be of another version of blockstill, or not from a run on this machine. Give the manifest that was run here.',
      cause,
    });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).toSorted((a, b) => a.localeCompare(b));
}

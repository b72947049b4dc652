import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import { InvalidInputError } from '../../common/error.ts';
import { trainingOf } from '../decide/job-settings.ts';
import { startUpSeconds, unitSeconds } from '../packing/choose-units.ts';
import { withMeasuredTimes } from '../packing/measured-times.ts';
import type { TimedWork } from '../packing/simulate.ts';
import { loadLocalJob } from './local-job.ts';
import { readPlannedWork, type PlannedWork } from './planned-work.ts';

/**
 * Where a block's seconds are from. `Given`: from a file of times. `Measured`: its unit took them. `Predicted`: prepare
 * timed a step of it, and a pass of the teacher.
 */
export type TimeBasis = 'Given' | 'Measured' | 'Predicted';

export interface WorkToSimulate extends TimedWork {
  readonly blocks: readonly { readonly name: string; readonly seconds: number; readonly basis: TimeBasis }[];
  /** Assumed in the seconds of every unit; absent for a file of times. */
  readonly startUpSeconds?: number;
}

/** More are no help. */
const mostProblems = 3;

const timesSchema = z.object({
  blocks: z
    .array(z.object({ name: z.string().min(1), seconds: z.number().positive() }))
    .min(1)
    .max(1000),
});
type Times = z.infer<typeof timesSchema>;

/**
 * The blocks to simulate: of a manifest that was run on this machine, of a folder with a plan, or of a JSON file
 * `{ "blocks": [{ "name": ..., "seconds": ... }] }`.
 *
 * @throws InvalidInputError `run/bad-times`, and what reading a manifest or a plan throws
 */
export async function workToSimulate(path: string, storage?: string): Promise<WorkToSimulate> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (isFolder) return timedWork(await readPlannedWork(path));
  const times = path.endsWith('.json') ? await readTimes(path) : undefined;
  if (times !== undefined) {
    return { blocks: times.blocks.map((block) => ({ ...block, basis: 'Given' })) };
  }
  const job = await loadLocalJob(path, storage);
  return timedWork(await readPlannedWork(job.folder, trainingOf(job.compiled)));
}

function timedWork({ measured, training, results }: PlannedWork): WorkToSimulate {
  const found = withMeasuredTimes(measured, training, results);
  const seconds = unitSeconds(found.measured, training);
  const blocks = measured.plan.blocks.map(({ name }, index) => ({
    name,
    seconds: seconds(index, index),
    basis: found.blocks.has(name) ? ('Measured' as const) : ('Predicted' as const),
  }));
  return { blocks, unitSeconds: seconds, startUpSeconds };
}

/** Undefined for what may be a manifest: it has a kind, or is not there. */
async function readTimes(path: string): Promise<Times | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const value = parsed(text, path);
  if (typeof value === 'object' && value !== null && 'kind' in value) return undefined;
  const times = timesSchema.safeParse(value);
  if (times.success) return times.data;
  const problems = times.error.issues.map(({ path: field, message }) => `${field.join('.')}: ${message}`);
  throw badTimes(path, problems.slice(0, mostProblems).join('; '));
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badTimes(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function badTimes(where: string, why: string): InvalidInputError {
  return new InvalidInputError('run/bad-times', `This is no file of times (${why}).`, {
    where,
    hint: 'It must be JSON like {"blocks": [{"name": "conv_1", "seconds": 325}]}, one entry a block in the order of the network, with its seconds on one GPU.',
  });
}

/**
 * What the authors of parallel blockwise distillation measured, as they published it: seconds of each block, and power
 * while the blocks were trained. The files say where they are from.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import type { PowerSample } from '../power.ts';
import type { MeasuredUnit } from '../speedup.ts';

const timingsSchema = z.object({
  runs: z.array(
    z.object({
      id: z.string(),
      gpus: z.int(),
      totalSeconds: z.number(),
      blocks: z.array(z.object({ name: z.string(), seconds: z.number(), worker: z.string() })),
    }),
  ),
});
export type AuthorsRun = z.infer<typeof timingsSchema>['runs'][number];

/** Centiseconds and deciwatts, each as its difference from the one before. */
const seriesSchema = z.object({ seconds: z.array(z.number()), watts: z.array(z.number()) });
const powerSchema = z.object({
  runs: z.array(z.object({ id: z.string(), gpus: z.array(seriesSchema), cpu: seriesSchema })),
});

export interface AuthorsPower {
  /** Of the four cards of the server, used or not. */
  readonly gpus: readonly (readonly PowerSample[])[];
  /** From a RAPL counter of 32 bits, whose wraps are in it. */
  readonly cpu: readonly PowerSample[];
}

export function authorsRun(id: string): AuthorsRun {
  const run = timingsSchema
    .parse(JSON.parse(readFileSync(new URL('authors-timings.json', import.meta.url), 'utf8')))
    .runs.find((each) => each.id === id);
  if (run === undefined) throw new Error(`There is no run ${id}.`);
  return run;
}

/** Seconds of each block, by its name. */
export function authorsBlocks(id: string): Readonly<Record<string, number>> {
  return Object.fromEntries(authorsRun(id).blocks.map(({ name, seconds }) => [name, seconds]));
}

export function authorsPower(id: string): AuthorsPower {
  const file = readFileSync(new URL('authors-power.json.gz', import.meta.url));
  const run = powerSchema
    .parse(JSON.parse(gunzipSync(file).toString('utf8')))
    .runs.find((each) => each.id === id);
  if (run === undefined) throw new Error(`There is no power log of ${id}.`);
  return { gpus: run.gpus.map(samplesOf), cpu: samplesOf(run.cpu) };
}

function samplesOf({ seconds, watts }: z.infer<typeof seriesSchema>): PowerSample[] {
  const powers = accumulated(watts);
  return accumulated(seconds).map((moment, index) => ({
    seconds: moment / 100,
    watts: (powers[index] ?? NaN) / 10,
  }));
}

function accumulated(differences: readonly number[]): number[] {
  let total = 0;
  return differences.map((difference) => (total += difference));
}

/**
 * The blocks of a run as units. The authors logged how long each one took and where, not when it began: they follow each
 * other on their worker, and the last of the busiest worker ends with the run, which counts the seconds in between that
 * handing out the work took.
 */
export function unitsOf({ blocks, totalSeconds }: AuthorsRun): (MeasuredUnit & { worker: string })[] {
  const workers = new Map<string, number>();
  const units = blocks.map(({ seconds, worker }) => {
    const start = workers.get(worker) ?? 0;
    workers.set(worker, start + seconds);
    return { worker, start, end: start + seconds };
  });
  const late = totalSeconds - Math.max(...workers.values());
  const last = units.reduce((latest, unit) => (unit.end > latest.end ? unit : latest));
  return units.map((unit) => {
    const delay = unit === last ? late : 0;
    return {
      worker: unit.worker,
      attempts: [{ start: unit.start + delay, end: unit.end + delay, committed: true }],
      resultSeconds: unit.end - unit.start,
      prefixSeconds: 0,
      recomputedPrefixSeconds: 0,
    };
  });
}

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BaselineJob } from '../decide/observed.ts';
import { executionOf } from '../decide/execution-of.ts';
import type { LocalJob } from './local-job.ts';
import { readToldPlan } from './planned-work.ts';
import { readSpecFile } from './spec-file.ts';
import { readStatusFile } from './status-file.ts';
import { toldExecution } from './told-execution.ts';

/** The job that another one names as its baseline, as its folder in the same storage has it. */
export async function findBaselineJob(job: LocalJob, name: string): Promise<BaselineJob> {
  const storage = dirname(job.folder);
  if (name === job.name) {
    const message = `spec.execution.baseline.jobName is ${name}, this job itself: name another one.`;
    return { kind: 'Unusable', message };
  }
  const folder = await folderOf(job, name);
  const found = folder === undefined ? undefined : await readStatusFile(folder);
  if (folder === undefined || found === undefined) {
    const message = `No job ${name} has been run in ${storage} to measure against.`;
    return { kind: 'Unusable', message };
  }
  const digests = (await readSpecFile(folder))?.specDigests;
  const { plan, told } = (await readToldPlan(folder)) ?? {};
  return {
    kind: 'Found',
    uid: told?.job.uid ?? '',
    status: found.status,
    ours: {
      spec: job.specDigests.Distill,
      precision: job.compiled.spec.execution.precision,
      execution: await toldExecution(job.folder, executionOf(job.compiled.spec)),
    },
    theirs: {
      teacher: plan?.teacher.digest,
      data: plan?.dataset.digest,
      spec: digests?.Distill,
      precision: told?.spec.execution.precision,
      execution: await toldExecution(folder),
      gpuModels: found.status.speedup?.devices ?? [],
    },
  };
}

/** A manifest has a folder for each edit that blocks depend on: the one with our blocks, else the one that was run last. */
async function folderOf({ folder, uid }: LocalJob, name: string): Promise<string | undefined> {
  const storage = dirname(folder);
  const digits = /^[0-9a-f]{12}$/;
  const names = (await readdir(storage)).filter(
    (each) => each.startsWith(`${name}-`) && digits.test(each.slice(name.length + 1)),
  );
  if (names.includes(`${name}-${uid}`)) return join(storage, `${name}-${uid}`);
  const runs = await Promise.all(
    names.map(async (each) => ({ each, written: (await readStatusFile(join(storage, each)))?.written })),
  );
  const [last] = runs.toSorted((a, b) => (b.written?.getTime() ?? 0) - (a.written?.getTime() ?? 0));
  return last === undefined ? undefined : join(storage, last.each);
}

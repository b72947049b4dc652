import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { podEnvironment, terminationLog } from '../../worker/contract/pod.ts';
import { workerPodSpec } from '../cluster/worker-pod.ts';
import type { RunUnit, SmallJob } from '../worker/small-job.ts';

export interface UnitInContainer {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: Readonly<Record<string, string>>;
}

/** A unit of a job as a pod of the cluster would get it: arguments, environment, volumes, a place for last words. */
export async function unitInContainer(
  job: SmallJob,
  unit: Omit<RunUnit, 'attempt'>,
): Promise<UnitInContainer> {
  const attempt = 'pod-0001';
  const [container] = workerPodSpec({
    name: unit.unit,
    image: 'unused',
    stage: unit.stage,
    spec: job.unitSpec({ ...unit, attempt }),
    volume: { claim: 'unused', folder: job.folder },
  }).containers;
  const values = (container?.env ?? []).flatMap((each) =>
    'value' in each ? [[each.name, each.value] as const] : [],
  );
  const [scratch, lastWords] = [join(job.folder, 'scratch'), join(job.folder, 'last-words')];
  await mkdir(scratch);
  await writeFile(lastWords, '');
  await runCommand('chown', ['-R', '65532:65532', job.folder]);
  const environment: Record<string, string> = {
    ...Object.fromEntries(values),
    [podEnvironment.podUid]: attempt,
  };
  return {
    args: container?.args ?? [],
    environment,
    volumes: {
      [job.folder]: job.folder,
      [environment[podEnvironment.scratch] ?? '']: scratch,
      [terminationLog]: lastWords,
    },
  };
}

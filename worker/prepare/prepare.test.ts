import { access, mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOfJson } from '../../common/digest.ts';
import { compileJob } from '../../crds/compile-job.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { systemClock } from '../clock.ts';
import { Attempt } from '../exchange/attempt.ts';
import { createLogger } from '../../common/logger.ts';
import { FolderExchange } from '../exchange/folder-exchange.ts';
import type { WorkContext } from '../work-context.ts';
import { prepare } from './prepare.ts';
import { validate } from './validate.ts';

/** An attempt at preparing a job whose teacher is not there. */
async function attemptIn(folder: string): Promise<WorkContext & { activities: string[] }> {
  const { spec } = compileJob(
    {
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      metadata: { name: 'small' },
      spec: {
        teacher: { uri: 'teacher' },
        dataset: { format: 'NPZ', train: { uri: 'train.npz' } },
        output: { uri: 'student' },
        execution: { device: 'CPU', threads: { prepare: 1 } },
      },
    },
    { manifestFolder: folder },
  );
  const unit: UnitSpec = {
    version: 1,
    job: { namespace: 'default', name: 'small', uid: 'small-uid' },
    stage: 'Prepare',
    unit: 'prepare',
    attempt: { id: 'attempt-001', number: 1 },
    spec,
    specDigest: digestOfJson(spec),
    exchange: join(folder, 'exchange'),
  };
  const exchange = new FolderExchange(unit.exchange);
  const activities: string[] = [];
  return {
    spec: unit,
    exchange,
    attempt: await Attempt.open(unit, exchange),
    scratch: join(folder, 'scratch'),
    clock: systemClock,
    logger: createLogger({ level: 'error', format: 'json' }),
    cpuInfo: '',
    signal: new AbortController().signal,
    checkpointSeconds: 60,
    energy: { mark: async () => [], latest: () => [], gpuPeakMemoryBytes: () => undefined },
    report: ({ activity }) => void activities.push(activity),
    activities,
  };
}

test.each([
  ['prepare', prepare],
  ['validate', validate],
])('%s refuses an output folder that is taken before it reads anything', async (_, stage) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'prepare-'));
  const context = await attemptIn(folder.path);
  await mkdir(join(folder.path, 'student'));
  await writeFile(join(folder.path, 'student', 'model.json'), 'precious');
  await expect(stage(context)).rejects.toMatchObject({
    name: 'InvalidInputError',
    code: 'storage/output-taken',
  });
  expect(context.activities).toEqual([]);
});

test('an attempt that fails removes its copy of the data', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'prepare-'));
  const context = await attemptIn(folder.path);
  await mkdir(context.attempt.path('data'));
  await writeFile(context.attempt.path('data', 'train-0.bin'), 'records');
  await expect(prepare(context)).rejects.toMatchObject({ code: 'data/not-found' });
  await expect(access(context.attempt.path('data'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readdir(folder.path)).not.toContain('student');
});

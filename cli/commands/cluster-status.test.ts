import { describe, expect, it } from 'vitest';
import type { Condition, DistillationJobStatus } from '../../crds/status.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { useHttpMock } from '../../test/http.ts';
import { jobsPath, refusal, server, testCluster, testIo } from '../testing/test-cluster.ts';
import { clusterStatusCommand, type ClusterStatusCommand } from './cluster-status.ts';

const nock = useHttpMock();

const condition = (type: string, reason: string, message: string): Condition => ({
  type,
  status: type === 'Ready' && reason !== 'Complete' ? 'Unknown' : 'True',
  reason,
  message,
  lastTransitionTime: '2026-03-01T11:00:00Z',
});
const block = { name: 'conv_1', layers: 'conv_1' };

const runs = {
  observedGeneration: 1,
  phase: 'Distilling',
  startTime: '2026-03-01T11:58:00Z',
  conditions: [condition('Ready', 'Distilling', '1 of 1 units are running.')],
  blocks: [{ ...block, state: 'Running', progress: 50, loss: 0.25 }],
  progress: { done: 0, total: 1, percent: 40, etaSeconds: 90 },
} satisfies DistillationJobStatus;

const done = {
  ...runs,
  phase: 'Complete',
  completionTime: '2026-03-01T11:59:00Z',
  conditions: ['Ready', 'Complete', 'Finished'].map((type) =>
    condition(type, 'Complete', 'There is a student.'),
  ),
  blocks: [{ ...block, state: 'Distilled', seconds: 42 }],
  progress: { done: 1, total: 1, percent: 100 },
} satisfies DistillationJobStatus;

const failed = (reason: string): DistillationJobStatus => ({
  ...done,
  phase: 'Failed',
  conditions: ['Ready', 'Failed', 'Finished'].map((type) => condition(type, reason, 'No luck.')),
});

const job = (status: DistillationJobStatus, version = 10, generation = 1) =>
  aDistillationJob({ status, metadata: { resourceVersion: String(version), generation } });

function isJob(status: DistillationJobStatus, generation = 1): void {
  nock(server)
    .get(`${jobsPath}/mnist`)
    .reply(200, job(status, 10, generation));
}

const only = { fieldSelector: 'metadata.name=mnist' };

function lists(items: readonly object[]): void {
  nock(server)
    .get(jobsPath)
    .query({ ...only, limit: '500' })
    .reply(200, { metadata: { resourceVersion: '10' }, items });
}

function watches(...events: readonly object[]): void {
  nock(server)
    .get(jobsPath)
    .query((query) => query['watch'] === 'true' && query['fieldSelector'] === only.fieldSelector)
    .reply(200, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

function isUnavailable(what: 'list' | 'watch'): void {
  nock(server)
    .get(jobsPath)
    .query((query) => (query['watch'] === 'true') === (what === 'watch'))
    .reply(503, refusal(503, 'ServiceUnavailable'));
}

const modified = (status: DistillationJobStatus, version: number) => ({
  type: 'MODIFIED',
  object: job(status, version),
});

async function run(change: Partial<ClusterStatusCommand> = {}) {
  await using cluster = testCluster();
  const io = testIo();
  const command = { name: 'mnist', watch: false, output: 'text', ...change } as const;
  const code = await clusterStatusCommand(command, cluster, io);
  return { code, ...io.written };
}

describe('status', () => {
  it('prints the outcome, how far the job is, and the tables of a local run', async () => {
    isJob(runs);
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'mnist: distilling. 1 of 1 units are running.',
      '0/1 blocks, 40%',
      '',
      'Blocks',
      '  block   state    replaced  unexplained  score drop  training s  reason',
      '  conv_1  running',
      '',
    ]);
  });

  it('prints the status as JSON', async () => {
    isJob(runs);
    expect(JSON.parse((await run({ output: 'json' })).out)).toEqual(runs);
  });

  it('says that no operator has seen a job', async () => {
    isJob({ observedGeneration: -1 });
    expect((await run()).out).toBe(
      'mnist: no operator has taken it up yet. Does one run, and watch this namespace?\n',
    );
  });

  it('says that the operator has not seen the last edit', async () => {
    isJob(runs, 2);
    expect((await run()).out).toContain('\nThe last edit has not been taken up yet.\n');
  });
});

describe('status --watch', () => {
  it('tells what happens and ends with 0 when the job is complete', async () => {
    isJob(runs);
    lists([job(runs)]);
    watches(modified(done, 11));
    const { code, progress, out } = await run({ watch: true });
    expect(code).toBe(0);
    const lines = progress.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      '1 of 1 units are running.',
      'conv_1  started',
      'conv_1  done  42.0 s',
    ]);
    expect(out).toContain('  conv_1  distilled');
    expect(out.endsWith('\nmnist: complete. There is a student.\n')).toBe(true);
  });

  it.each([
    ['UnitFailed', 1],
    ['InvalidInput', 64],
  ])('ends with the code of a local run when the job fails: %s, %i', async (reason, code) => {
    isJob(failed(reason));
    lists([job(failed(reason))]);
    expect((await run({ watch: true })).code).toBe(code);
  });

  it('gives a program each status in a line', async () => {
    isJob(runs);
    lists([job(runs)]);
    watches(modified(done, 11));
    const { out, progress } = await run({ watch: true, output: 'json' });
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([runs, done]);
    expect(progress).toBe('');
  });

  it('goes on when an end is older than the last edit', async () => {
    isJob(failed('UnitFailed'), 2);
    lists([job(failed('UnitFailed'), 10, 2)]);
    const again = { ...done, observedGeneration: 2 };
    watches({ type: 'MODIFIED', object: job(again, 11, 2) });
    expect((await run({ watch: true })).code).toBe(0);
  });

  it('says once that the connection is lost, and again when it is lost again', async () => {
    isJob(runs);
    lists([job(runs)]);
    isUnavailable('watch');
    isUnavailable('list');
    lists([job({ ...runs, progress: { done: 0, total: 1, percent: 60 } }, 11)]);
    isUnavailable('watch');
    lists([job(done, 12)]);
    const { code, progress } = await run({ watch: true });
    expect(code).toBe(0);
    const warnings = progress.split('\n').filter((line) => line.includes('warning: '));
    expect(warnings.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'warning: The cluster answered 503 ServiceUnavailable: ServiceUnavailable. Trying again.',
      'warning: The cluster answered 503 ServiceUnavailable: ServiceUnavailable. Trying again.',
    ]);
  });

  it('ends when the job is deleted', async () => {
    isJob(runs);
    lists([job(runs)]);
    watches({ type: 'DELETED', object: job(runs, 11) });
    await expect(run({ watch: true })).rejects.toMatchObject({
      code: 'cluster/job-deleted',
      message: 'The DistillationJob mnist was deleted.',
    });
  });
});

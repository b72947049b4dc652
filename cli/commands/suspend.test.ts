import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { useHttpMock } from '../../test/http.ts';
import { jobsPath, server, testCluster, testIo } from '../testing/test-cluster.ts';
import { suspendCommand, type SuspendCommand } from './suspend.ts';

const nock = useHttpMock();

interface Given {
  readonly suspend?: boolean;
  readonly generation?: number;
  readonly version?: string;
  readonly status?: DistillationJobStatus;
}

function job({ suspend, generation = 1, version = '10', status = {} }: Given) {
  const spec = suspend === undefined ? {} : { suspend };
  return aDistillationJob({ spec, metadata: { generation, resourceVersion: version }, status });
}

async function run(change: Partial<SuspendCommand>) {
  await using cluster = testCluster();
  const io = testIo();
  const command = { name: 'mnist', suspend: true, wait: false, output: 'text', ...change } as const;
  const code = await suspendCommand(command, cluster, io);
  return { code, out: io.written.out };
}

function isJob(given: Given): void {
  nock(server).get(`${jobsPath}/mnist`).reply(200, job(given));
}

function takesPatch(suspend: boolean): void {
  const options = { reqheaders: { 'content-type': 'application/merge-patch+json' } };
  nock(server, options)
    // The whole of it: no other field is touched.
    .patch(`${jobsPath}/mnist?fieldManager=blockstill`, { spec: { suspend } })
    .reply(200, job({ suspend, generation: 2 }));
}

/** What a watch of the job brings: as it is, then each change. */
function isFollowed(first: Given, ...changes: readonly Given[]): void {
  const fieldSelector = 'metadata.name=mnist';
  nock(server)
    .get(jobsPath)
    .query({ fieldSelector, limit: '500' })
    .reply(200, { metadata: { resourceVersion: '10' }, items: [job(first)] });
  if (changes.length === 0) return;
  const lines = changes.map((given, index) => {
    const object = job({ ...given, version: String(11 + index) });
    return `${JSON.stringify({ type: 'MODIFIED', object })}\n`;
  });
  nock(server)
    .get(jobsPath)
    .query((query) => query['watch'] === 'true' && query['fieldSelector'] === fieldSelector)
    .reply(200, lines.join(''));
}

const finished: DistillationJobStatus = {
  phase: 'Complete',
  observedGeneration: 1,
  conditions: [
    { type: 'Finished', status: 'True', reason: 'Complete', message: 'Done.', lastTransitionTime: '' },
  ],
};

describe('suspend and resume', () => {
  it.each([
    {
      verb: 'suspend',
      before: undefined,
      suspend: true,
      out: 'mnist is told to suspend: running units save a checkpoint and end.\n',
    },
    { verb: 'resume', before: true, suspend: false, out: 'mnist is told to go on.\n' },
  ])('$verb sets spec.suspend and nothing else', async ({ before, suspend, out }) => {
    isJob(before === undefined ? {} : { suspend: before });
    takesPatch(suspend);
    expect(await run({ suspend })).toEqual({ code: 0, out });
  });

  it.each([
    { before: true, suspend: true, out: 'mnist has been told to suspend before; nothing was changed.\n' },
    { before: false, suspend: false, out: 'mnist is not suspended; nothing was changed.\n' },
    { before: undefined, suspend: false, out: 'mnist is not suspended; nothing was changed.\n' },
  ])('write nothing where it is so already: $before', async ({ before, suspend, out }) => {
    isJob(before === undefined ? {} : { suspend: before });
    expect(await run({ suspend })).toEqual({ code: 0, out });
  });

  it('refuse to suspend what is over', async () => {
    isJob({ status: finished });
    await expect(run({})).rejects.toMatchObject({
      code: 'cluster/already-finished',
      message: 'mnist is over (complete): there is nothing to suspend.',
    });
  });

  it('answer a program in JSON', async () => {
    isJob({ status: { phase: 'Distilling' } });
    takesPatch(true);
    const { out } = await run({ output: 'json' });
    expect(JSON.parse(out)).toEqual({ namespace: 'team', name: 'mnist', suspend: true, changed: true });
  });

  it('wait until the operator has seen the change and nothing runs any more', async () => {
    isJob({ status: { phase: 'Distilling', observedGeneration: 1 } });
    takesPatch(true);
    isFollowed(
      // Of before the change.
      { suspend: true, generation: 2, status: { phase: 'Suspended', observedGeneration: 1 } },
      { suspend: true, generation: 2, status: { phase: 'Distilling', observedGeneration: 2 } },
      { suspend: true, generation: 2, status: { phase: 'Suspended', observedGeneration: 2 } },
    );
    expect((await run({ wait: true })).out).toContain('\nmnist: suspended.\n');
  });

  it('wait until a job that was resumed goes on', async () => {
    isJob({ suspend: true, status: { phase: 'Suspended', observedGeneration: 1 } });
    takesPatch(false);
    isFollowed(
      { generation: 2, status: { phase: 'Suspended', observedGeneration: 2 } },
      { generation: 2, status: { phase: 'Distilling', observedGeneration: 2 } },
    );
    expect((await run({ suspend: false, wait: true })).out).toContain('\nmnist: distilling.\n');
  });

  it('wait no longer for a job that ends meanwhile', async () => {
    isJob({ status: { phase: 'Finetuning', observedGeneration: 1 } });
    takesPatch(true);
    isFollowed({ suspend: true, generation: 2, status: { ...finished, observedGeneration: 2 } });
    expect((await run({ wait: true })).out).toContain('\nmnist: complete.\n');
  });
});

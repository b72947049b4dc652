import { describe, expect, it } from 'vitest';
import { kubePods } from './kube-objects.ts';
import { aJob, aKubePod, aPod, failed, podStatus } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { SmallWorld } from './testing/small-world.ts';
import { UnseenPods } from './unseen-pods.ts';

const job = aJob({ conditions: failed() });

describe('the pods of Jobs that have ended without one in sight', () => {
  it('are asked for once', async () => {
    const cluster = new FakeCluster();
    cluster.put(kubePods, aKubePod({ status: podStatus.ended(1) }));
    cluster.put(kubePods, aKubePod({ suffix: 'forged', jobUid: 'other' }));
    const unseen = new UnseenPods(cluster);
    for (let look = 0; look < 2; look += 1) {
      expect(await unseen.of({ jobs: [job], pods: [] })).toMatchObject([
        { end: { exitCode: 1 }, controllerUid: job.metadata.uid },
      ]);
    }
    expect(cluster.requests).toEqual(['list pods']);
    unseen.forget(job);
    await unseen.of({ jobs: [job], pods: [] });
    expect(cluster.requests).toHaveLength(2);
  });

  it.each([
    { of: 'one that has not ended', jobs: [aJob()], pods: [] },
    { of: 'one whose pod is seen', jobs: [job], pods: [aPod()] },
    {
      of: 'one whose result is noted down',
      jobs: [aJob({ conditions: failed(), result: 'said' })],
      pods: [],
    },
  ])('are not asked for of $of', async ({ jobs, pods }) => {
    const cluster = new FakeCluster();
    expect(await new UnseenPods(cluster).of({ jobs, pods })).toEqual([]);
    expect(cluster.requests).toEqual([]);
  });
});

it('a worker that failed while the watch of pods was silent has failed', async () => {
  const world = await new SmallWorld({ spec: { backoffLimit: 0 } }).distilling();
  world.freezePods();
  world.pod({ index: 0, status: podStatus.ended(1, { message: 'It broke.' }) });
  world.end({ stage: 'Distill', index: 0, attempt: 1 }, failed());
  await world.reconcile();
  expect(world.status.phase).toBe('Failed');
  expect(world.jobNames).not.toContain('mnist-u000-2');
});

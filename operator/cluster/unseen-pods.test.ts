import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { kubeJobs, kubePods } from './kube-objects.ts';
import { annotations } from './names.ts';
import { aJob, aKubePod, aPod, failed, podStatus, type PodChange } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { SmallWorld } from './testing/small-world.ts';
import { UnseenPods } from './unseen-pods.ts';

const job = aJob({ conditions: failed() });

function start() {
  const [cluster, clock] = [new FakeCluster(), new FakeClock()];
  const unseen = new UnseenPods(cluster, clock);
  const put = (change: PodChange): void => void cluster.put(kubePods, aKubePod(change));
  const look = async () => await unseen.of({ jobs: [job], pods: [] });
  return { cluster, clock, unseen, put, look };
}

describe('the pods of Jobs that have ended without one in sight', () => {
  it('are asked for once', async () => {
    const { cluster, clock, unseen, put, look } = start();
    put({ status: podStatus.ended(1) });
    for (let count = 0; count < 2; count += 1) {
      expect(await look()).toMatchObject([{ end: { exitCode: 1 }, controllerUid: job.metadata.uid }]);
      await clock.advance(1000);
    }
    expect(cluster.requests).toEqual(['list pods']);
    unseen.forget(job);
    await look();
    expect(cluster.requests).toHaveLength(2);
  });

  it('are none, which is asked for once, too', async () => {
    const { cluster, clock, look } = start();
    for (let count = 0; count < 2; count += 1) {
      expect(await look()).toEqual([]);
      await clock.advance(1000);
    }
    expect(cluster.requests).toEqual(['list pods']);
  });

  it('are those that the Job has made, whatever the labels of others say', async () => {
    const { cluster, look } = start();
    const { metadata, ...rest } = aKubePod({ suffix: 'forged', jobUid: 'other' });
    const label = 'batch.kubernetes.io/controller-uid';
    const labels = { ...metadata.labels, [label]: job.metadata.uid };
    cluster.put(kubePods, { ...rest, metadata: { ...metadata, labels } });
    expect(await look()).toEqual([]);
  });

  it('are asked for again every 5 s until they have ended, too', async () => {
    const { cluster, clock, put, look } = start();
    put({ status: podStatus.running() });
    expect(await look()).toMatchObject([{ phase: 'Running' }]);
    put({ status: podStatus.ended(1) });
    await clock.advance(4.9);
    expect(await look()).toMatchObject([{ phase: 'Running' }]);
    expect(cluster.requests).toHaveLength(1);
    await clock.advance(0.1);
    expect(await look()).toMatchObject([{ end: { exitCode: 1 } }]);
    await clock.advance(5);
    await look();
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
    {
      of: 'one whose failure is noted down',
      jobs: [aJob({ conditions: failed(), failure: { exitCode: 1, message: 'It broke.' } })],
      pods: [],
    },
  ])('are not asked for of $of', async ({ jobs, pods }) => {
    const { cluster, unseen } = start();
    expect(await unseen.of({ jobs, pods })).toEqual([]);
    expect(cluster.requests).toEqual([]);
  });
});

describe('pods that had ended when they were seen last', () => {
  const first = aPod({ suffix: 'first', status: podStatus.evicted() });
  const last = aPod({ suffix: 'last', createdAt: 100, status: podStatus.ended(0) });

  it('are known on when they are gone, without asking', async () => {
    const { cluster, unseen, look } = start();
    expect(await unseen.of({ jobs: [job], pods: [first, last] })).toEqual([]);
    expect(await unseen.of({ jobs: [job], pods: [first] })).toEqual([last]);
    expect(await look()).toEqual([last, first]);
    expect(cluster.requests).toEqual([]);
  });

  it('are known beside what the API server has when their Job may have got others since', async () => {
    const { cluster, unseen, put, look } = start();
    await unseen.of({ jobs: [aJob()], pods: [first] });
    expect(await unseen.of({ jobs: [aJob()], pods: [] })).toEqual([]);
    put({ suffix: 'last', createdAt: 100, status: podStatus.ended(0) });
    expect(await look()).toMatchObject([first, { end: { exitCode: 0 } }]);
    expect(cluster.requests).toEqual(['list pods']);
  });

  it('are forgotten once what they said is noted down', async () => {
    const { unseen, look } = start();
    await unseen.of({ jobs: [job], pods: [last] });
    await unseen.of({ jobs: [{ ...job, result: 'said' }], pods: [] });
    expect(await look()).toEqual([]);
  });
});

describe('while the watch of pods is silent', () => {
  const frozen = async () => {
    const world = await new SmallWorld({ spec: { backoffLimit: 0 } }).distilling();
    world.freezePods();
    return world;
  };

  it('a worker that failed has failed', async () => {
    const world = await frozen();
    world.pod({ index: 0, status: podStatus.ended(1, { message: 'It broke.' }) });
    world.end({ stage: 'Distill', index: 0, attempt: 1 }, failed());
    await world.reconcile();
    expect(world.status.phase).toBe('Failed');
    expect(world.jobNames).not.toContain('mnist-u000-2');
  });

  it('one that is still ending is looked at again in 5 s', async () => {
    const world = await frozen();
    world.pod({ index: 0, status: podStatus.running() });
    world.end({ stage: 'Distill', index: 0, attempt: 1 }, failed());
    expect(await world.reconcile()).toBe(5);
    world.pod({ index: 0, status: podStatus.ended(1, { message: 'It broke.' }) });
    await world.clock.advance(5);
    await world.reconcile();
    expect(world.status.phase).toBe('Failed');
  });
});

describe('a result whose pod goes before it is noted down', () => {
  it('is noted down at once, and no other attempt asks for it', async () => {
    const world = await new SmallWorld().distilling();
    await world.clock.advance(100);
    world.commit('Distill', 0);
    await world.reconcile();
    const noted = () =>
      world.cluster.of(kubeJobs).find(({ metadata }) => metadata.name === 'mnist-u000-1')?.metadata
        .annotations?.[annotations.result];
    expect(noted()).toBeUndefined();
    world.removePods();
    await world.reconcile();
    expect(noted()).toMatch(/^blockstill-1:/);
    world.restartOperator();
    await world.reconcile();
    expect(world.jobNames).not.toContain('mnist-u000-2');
  });
});

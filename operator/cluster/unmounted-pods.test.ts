import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { coreEvents } from './kube-objects.ts';
import { aPod, podStatus } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { isBeginning, UnmountedPods } from './unmounted-pods.ts';

function start() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const pod = { ...aPod({ node: 'gpu-1' }), createdAt: clock.now().toISOString() };
  const event = (message: string): void => {
    const involvedObject = { uid: pod.metadata.uid };
    cluster.put(coreEvents, { metadata: { name: 'mount' }, message, involvedObject });
  };
  const pods = new UnmountedPods(cluster, clock);
  const ask = async () => (await pods.messagesFor([pod], {})).get(pod.metadata.uid);
  return { clock, cluster, event, ask };
}

describe('a pod that does not begin on its node', () => {
  it('is given 15 s before anyone asks why', async () => {
    const { clock, cluster, event, ask } = start();
    event('secret "s3" not found');
    await clock.advance(14);
    expect(await ask()).toBeUndefined();
    expect(cluster.requests).toEqual([]);
    await clock.advance(1);
    expect(await ask()).toBe('secret "s3" not found');
    expect(cluster.requests).toEqual(['list events']);
  });

  it('waits for nothing that anyone knows of when there is no event: it may be pulling its image', async () => {
    const { clock, ask } = start();
    await clock.advance(100);
    expect(await ask()).toBeUndefined();
  });

  it('is asked about again every 30 s', async () => {
    const { clock, cluster, event, ask } = start();
    await clock.advance(15);
    await ask();
    event('secret "s3" not found');
    await clock.advance(29);
    expect(await ask()).toBeUndefined();
    await clock.advance(1);
    expect(await ask()).toBe('secret "s3" not found');
    expect(cluster.requests).toHaveLength(2);
  });
});

it.each([
  { of: 'has a node and says nothing', pod: aPod({ node: 'gpu-1' }), expected: true },
  { of: 'has no node yet', pod: aPod(), expected: false },
  { of: 'runs', pod: aPod({ node: 'gpu-1', status: podStatus.running() }), expected: false },
  { of: 'is told to end', pod: aPod({ node: 'gpu-1', deadline: 100 }), expected: false },
  {
    of: 'says what it waits for',
    pod: { ...aPod({ node: 'gpu-1' }), waiting: { reason: 'ErrImagePull', message: '' } },
    expected: false,
  },
])('a pod that $of is beginning: $expected', ({ pod, expected }) => {
  expect(isBeginning(pod)).toBe(expected);
});

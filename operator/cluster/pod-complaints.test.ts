import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { coreEvents } from './kube-objects.ts';
import { isPreparing, PodComplaints } from './pod-complaints.ts';
import { aPod, podStatus } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

interface Said {
  readonly type?: string;
  readonly reason?: string;
  readonly lastTimestamp?: string;
}

function start() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const problems: unknown[] = [];
  const pod = { ...aPod({ node: 'gpu-1' }), preparingSince: clock.now().toISOString() };
  const event = (message: string, said: Said = {}): void => {
    const involvedObject = { kind: 'Pod', uid: pod.metadata.uid };
    const what = { type: 'Warning', reason: 'FailedMount', ...said };
    cluster.put(coreEvents, { metadata: { name: message }, message, involvedObject, ...what });
  };
  const pods = new PodComplaints({ client: cluster, clock, onProblem: (error) => problems.push(error) });
  const ask = async () => (await pods.about([pod])).get(pod.metadata.uid);
  return { clock, cluster, pods, pod, event, ask, problems };
}

const missing = 'secret "s3" not found';

describe('a pod that does not begin on its node', () => {
  it('is given 15 s before anyone asks why', async () => {
    const { clock, cluster, event, ask } = start();
    event(missing);
    await clock.advance(14);
    expect(await ask()).toBeUndefined();
    expect(cluster.requests).toEqual([]);
    await clock.advance(1);
    expect(await ask()).toEqual({ reason: 'FailedMount', message: missing });
    expect(cluster.requests).toEqual(['list events']);
  });

  it.each(['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'])(
    'is said to wait because of %s',
    async (reason) => {
      const { clock, event, ask } = start();
      event(missing, { reason });
      await clock.advance(15);
      expect(await ask()).toEqual({ reason, message: missing });
    },
  );

  it('waits for nothing that anyone knows of when no event is a warning', async () => {
    const { clock, event, ask } = start();
    event('Pulling image "worker:1"', { type: 'Normal', reason: 'Pulling' });
    event(missing, { type: 'Normal' });
    await clock.advance(100);
    expect(await ask()).toBeUndefined();
  });

  it('is asked about again every 30 s', async () => {
    const { clock, cluster, event, ask } = start();
    await clock.advance(15);
    await ask();
    event(missing);
    await clock.advance(29);
    expect(await ask()).toBeUndefined();
    await clock.advance(1);
    expect(await ask()).toMatchObject({ message: missing });
    expect(cluster.requests).toHaveLength(2);
  });

  it('waits for nothing that anyone knows of when events can not be read, which is tried again later', async () => {
    const { clock, cluster, event, ask, problems } = start();
    event(missing);
    cluster.refuse(/^list events/, { httpStatus: 403, reason: 'Forbidden' });
    await clock.advance(15);
    expect(await ask()).toBeUndefined();
    expect(problems).toMatchObject([{ status: { reason: 'Forbidden' } }]);
    await clock.advance(30);
    expect(await ask()).toMatchObject({ message: missing });
    expect(problems).toHaveLength(1);
  });

  it('is waited for no longer than 2 s when no answer comes', async () => {
    const { clock, cluster, ask, problems } = start();
    cluster.silence(coreEvents);
    await clock.advance(15);
    const answers: unknown[] = [];
    const asked = ask().then((complaint) => answers.push(complaint));
    await clock.advance(1.9);
    expect(answers).toEqual([]);
    await clock.advance(0.1);
    expect(answers).toEqual([undefined]);
    expect(problems).toMatchObject([{ code: 'cluster/timeout' }]);
    expect(clock.pending).toBe(0);
    await asked;
  });

  it('shares the answer with the others of its namespace', async () => {
    const { clock, cluster, pods, pod } = start();
    await clock.advance(15);
    await pods.about([pod, { ...pod, metadata: { ...pod.metadata, uid: 'another' } }]);
    expect(cluster.requests).toEqual(['list events']);
  });

  it('is said to wait for what its node complained of last, whatever others say of it', async () => {
    const { clock, event, ask } = start();
    event('no addresses', { reason: 'FailedCreatePodSandBox', lastTimestamp: '2026-03-01T12:00:09Z' });
    event(missing, { lastTimestamp: '2026-03-01T12:00:05Z' });
    event('no GPU', { reason: 'FailedScheduling', lastTimestamp: '2026-03-01T12:00:10Z' });
    await clock.advance(15);
    expect(await ask()).toEqual({ reason: 'FailedCreatePodSandBox', message: 'no addresses' });
  });
});

it.each([
  { of: 'has a node and says nothing', pod: aPod({ node: 'gpu-1' }), expected: true },
  { of: 'has no node yet', pod: aPod(), expected: false },
  { of: 'runs', pod: aPod({ node: 'gpu-1', status: podStatus.running() }), expected: false },
  { of: 'is told to end', pod: aPod({ node: 'gpu-1', deadline: 100 }), expected: false },
])('a pod that $of is being prepared: $expected', ({ pod, expected }) => {
  expect(isPreparing(pod)).toBe(expected);
});

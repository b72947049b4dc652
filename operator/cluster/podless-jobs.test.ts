import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { coreEvents } from './kube-objects.ts';
import { PodlessJobs } from './podless-jobs.ts';
import { aJob } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

const job = aJob();

function start() {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const problems: unknown[] = [];
  const podless = new PodlessJobs({ client: cluster, clock, onProblem: (error) => problems.push(error) });
  const event = (name: string, message: string, lastTimestamp: string): void => {
    const involvedObject = { kind: 'Job', uid: job.metadata.uid };
    const reason = 'FailedCreate';
    const what = { type: 'Warning', reason, message, lastTimestamp, involvedObject };
    cluster.put(coreEvents, { metadata: { name }, ...what });
  };
  const ask = async () => (await podless.reasonsFor([job])).get(job.metadata.uid);
  return { clock, cluster, podless, event, ask, problems };
}

describe('a Job without a pod', () => {
  it('is given 15 s before anyone asks why', async () => {
    const { clock, cluster, ask } = start();
    const since = clock.now();
    expect(await ask()).toEqual({ since, why: 'Unknown' });
    await clock.advance(14.9);
    await ask();
    expect(cluster.requests).toEqual([]);
    await clock.advance(0.1);
    expect(await ask()).toEqual({ since, why: undefined });
    expect(cluster.requests).toEqual(['list events']);
  });

  it('has the reason that the last event gives, which is asked for every 30 s', async () => {
    const { clock, cluster, event, ask } = start();
    await ask();
    event('old', 'Error creating: pods "mnist-u000-1-" is forbidden: no', '2026-03-01T12:00:00Z');
    event('new', 'Error creating: pods "x" is forbidden: exceeded quota: gpus', '2026-03-01T12:00:04Z');
    await clock.advance(15);
    expect((await ask())?.why).toEqual({
      reason: 'QuotaExceeded',
      message:
        'unit-000 waits for quota of the namespace: Error creating: pods "x" is forbidden: exceeded quota: gpus',
    });
    event('newer', 'Error creating: admission webhook "x" denied the request', '2026-03-01T12:01:00Z');
    await clock.advance(29);
    expect(await ask()).toMatchObject({ why: { reason: 'QuotaExceeded' } });
    await clock.advance(1);
    expect((await ask())?.why).toEqual({
      reason: 'PodRefused',
      message:
        'The cluster refuses the pod of unit-000: Error creating: admission webhook "x" denied the request',
    });
    expect(cluster.requests).toHaveLength(2);
  });

  it('waits for what nobody knows while events can not be read, though nothing may be said', async () => {
    const { clock, cluster, ask, problems } = start();
    await ask();
    cluster.refuse(/^list events/, { httpStatus: 403, reason: 'Forbidden' });
    await clock.advance(15);
    expect((await ask())?.why).toBe('Unknown');
    expect(problems).toMatchObject([{ status: { reason: 'Forbidden' } }]);
    await clock.advance(30);
    expect((await ask())?.why).toBeUndefined();
  });

  it('begins anew when it has had a pod', async () => {
    const { clock, podless, ask } = start();
    await ask();
    await clock.advance(100);
    podless.forget(job);
    expect((await ask())?.since).toEqual(clock.now());
  });
});

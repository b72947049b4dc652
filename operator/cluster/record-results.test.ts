import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { kubeJobs } from './kube-objects.ts';
import { annotations } from './names.ts';
import type { Unrecorded } from './observe-attempts.ts';
import { RecentWrites } from './recent-writes.ts';
import { recordResults } from './record-results.ts';
import { projectJob } from './children.ts';
import { aKubeJob } from './testing/children.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

const signal = new AbortController().signal;

function start() {
  const client = new FakeCluster();
  const clock = new FakeClock();
  const writes = new RecentWrites(clock);
  const job = projectJob(client.put(kubeJobs, aKubeJob()));
  const ended: Unrecorded = {
    job,
    kind: 'result',
    text: 'said',
    since: new Date(clock.now().getTime() - 30_000),
    isPodGoing: false,
  };
  const record = async (result: Unrecorded = ended) =>
    await recordResults({ client, clock, writes }, [result], signal);
  return { client, clock, ended, record };
}

describe('what a pod said', () => {
  it('is noted down on its Job, once', async () => {
    const { client, record } = start();
    await record();
    await record();
    expect(client.writes).toEqual(['patch jobs/mnist-u000-1']);
    expect(client.of(kubeJobs)[0]?.metadata.annotations).toEqual({ [annotations.result]: 'said' });
  });

  it('is noted down half a minute after its Job has ended, when it may still be of use', async () => {
    const { client, clock, ended, record } = start();
    const now = { ...ended, since: clock.now() };
    expect(await record(now)).toBe(30);
    await clock.advance(29);
    expect(await record(now)).toBe(1);
    expect(client.writes).toEqual([]);
    await clock.advance(1);
    expect(await record(now)).toBeUndefined();
    expect(client.writes).toHaveLength(1);
  });

  it('is noted down at once when its pod is going', async () => {
    const { client, clock, ended, record } = start();
    expect(await record({ ...ended, isPodGoing: true, since: clock.now() })).toBeUndefined();
    expect(client.of(kubeJobs)[0]?.metadata.annotations).toEqual({ [annotations.result]: 'said' });
  });

  it('is noted down at once when it failed', async () => {
    const { client, clock, ended, record } = start();
    expect(await record({ ...ended, kind: 'failure', since: clock.now() })).toBeUndefined();
    expect(client.of(kubeJobs)[0]?.metadata.annotations).toEqual({ [annotations.failure]: 'said' });
  });

  it.each([
    { of: 'is gone', refusal: { httpStatus: 404, reason: 'NotFound' } },
    { of: 'has given its name to another', refusal: { httpStatus: 409, reason: 'Conflict' } },
  ])('is lost without harm when its Job $of', async ({ refusal }) => {
    const { client, record } = start();
    client.refuse(/^patch/, refusal);
    await expect(record()).resolves.toBeUndefined();
  });

  it('is noted down at the next try when the API server can not take it', async () => {
    const { client, record } = start();
    client.refuse(/^patch/, { httpStatus: 500, reason: 'InternalError' });
    await expect(record()).rejects.toThrow('InternalError');
    await record();
    expect(client.writes).toHaveLength(2);
  });
});

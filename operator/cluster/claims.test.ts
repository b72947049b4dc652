import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { Claims } from './claims.ts';
import { volumeClaims } from './kube-objects.ts';
import { accepted } from './testing/distillation-jobs.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

function start(...accessModes: readonly string[]) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const put = (modes: readonly string[]): void => {
    cluster.put(volumeClaims, { metadata: { name: 'data' }, spec: { accessModes: modes } });
  };
  if (accessModes.length > 0) put(accessModes);
  const claims = new Claims(cluster, clock);
  const factsOf = async (job = accepted()) => await claims.factsOf('team', job, {});
  return { clock, cluster, put, factsOf };
}

describe('the claims of a job', () => {
  it.each([
    { modes: ['ReadWriteMany'], onOneNode: false },
    { modes: ['ReadWriteOnce', 'ReadWriteMany'], onOneNode: false },
    { modes: ['ReadWriteOnce'], onOneNode: true },
    { modes: [], onOneNode: false },
  ])('that allow $modes: on one node is $onOneNode', async ({ modes, onOneNode }) => {
    const facts = await start(...modes).factsOf();
    expect(facts.onOneNode).toBe(onOneNode);
    expect(facts.unusable).toBeUndefined();
  });

  it('that allow one node are told of', async () => {
    expect((await start('ReadWriteOnce').factsOf()).notices).toEqual([
      {
        type: 'SingleNode',
        reason: 'ReadWriteOnce',
        message:
          'The claim data is ReadWriteOnce, so all pods of the job are put on one node at a time: no more units run at once than it has devices. ReadWriteMany lets them use several nodes.',
      },
    ]);
  });

  it('that allow one pod can not be used', async () => {
    expect((await start('ReadWriteOncePod').factsOf()).unusable).toBe(
      "The claim data is ReadWriteOncePod: only one pod may have it, but a job's pods run side by side. Use ReadWriteMany, or ReadWriteOnce for a job on one node.",
    );
  });

  it('are not asked for when there are none', async () => {
    const { cluster, factsOf } = start();
    const pod = { volumes: [], volumeMounts: [] };
    await factsOf(accepted({ spec: { output: { uri: 's3://students/mnist' } }, pod }));
    expect(cluster.requests).toEqual([]);
  });

  it('are asked for once in five minutes, and those that are missing every ten seconds', async () => {
    const { cluster, clock, put, factsOf } = start();
    await factsOf();
    await clock.advance(9);
    await factsOf();
    expect(cluster.requests).toHaveLength(1);
    put(['ReadWriteOnce']);
    await clock.advance(1);
    expect((await factsOf()).onOneNode).toBe(true);
    await clock.advance(299);
    await factsOf();
    expect(cluster.requests).toHaveLength(2);
    await clock.advance(1);
    await factsOf();
    expect(cluster.requests).toHaveLength(3);
  });
});

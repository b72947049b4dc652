import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { distillationJobs, type DistillationJobObject } from './kube-objects.ts';
import { StatusWriter } from './status-writer.ts';
import { owner } from './testing/children.ts';
import { aDistillationJob } from './testing/distillation-jobs.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

function start(count = 1) {
  const clock = new FakeClock();
  const cluster = new FakeCluster();
  const jobs = Array.from({ length: count }, (_, index) => {
    const names = count === 1 ? {} : { name: `job-${index}`, uid: `uid-${index}` };
    return cluster.put(distillationJobs, aDistillationJob({ metadata: names }));
  });
  const writer = new StatusWriter(cluster, clock);
  const latest = (index = 0): DistillationJobObject => {
    const job = cluster.of(distillationJobs)[index];
    if (job === undefined) throw new Error('it is gone');
    return job;
  };
  const write = async (status: DistillationJobStatus, index = 0) =>
    await writer.write(latest(index), status, {});
  return { clock, cluster, jobs, writer, latest, write };
}

const distilling = (percent: number): DistillationJobStatus => ({
  observedGeneration: 1,
  phase: 'Distilling',
  progress: { done: 0, total: 2, percent },
});

describe('a status', () => {
  it('is written when it says something new', async () => {
    const { latest, write, cluster } = start();
    expect(await write(distilling(1))).toEqual({ kind: 'Written' });
    expect(latest().status).toEqual(distilling(1));
    expect(cluster.writes).toEqual(['status distillationjobs/mnist']);
  });

  it('is not written when it says the same, in whatever order', async () => {
    const { write, cluster } = start();
    await write(distilling(1));
    const { observedGeneration, phase, progress } = distilling(1);
    expect(await write({ progress, phase, observedGeneration })).toEqual({ kind: 'Current' });
    expect(cluster.writes).toHaveLength(1);
  });

  it('is written at once at each transition', async () => {
    const { write } = start();
    await write(distilling(1));
    expect(await write({ ...distilling(2), phase: 'Finetuning' })).toEqual({ kind: 'Written' });
    expect(await write({ ...distilling(2), phase: 'Complete' })).toEqual({ kind: 'Written' });
  });

  it('has its figures brought up to date every 30 s', async () => {
    const { write, clock } = start();
    await write(distilling(1));
    await clock.advance(12);
    expect(await write(distilling(2))).toEqual({ kind: 'Later', seconds: 18 });
    await clock.advance(18);
    expect(await write(distilling(2))).toEqual({ kind: 'Written' });
    expect(await write(distilling(3))).toEqual({ kind: 'Later', seconds: 30 });
  });

  it('shares 20 such writes a second with all others, which transitions need not wait for', async () => {
    const { write, clock, latest } = start(3);
    for (const index of [0, 1, 2]) await write(distilling(1), index);
    await clock.advance(30);
    expect(await write(distilling(2), 0)).toEqual({ kind: 'Written' });
    expect(await write(distilling(2), 1)).toEqual({
      kind: 'Later',
      seconds: expect.closeTo(0.05, 6) as number,
    });
    expect(await write({ ...distilling(2), phase: 'Finetuning' }, 2)).toEqual({ kind: 'Written' });
    await clock.advance(0.05);
    expect(await write(distilling(2), 1)).toEqual({ kind: 'Written' });
    expect(latest(1).status).toEqual(distilling(2));
  });

  it.each([
    { of: 'changed', change: { generation: 2 }, expected: { kind: 'Conflict' } },
    { of: 'unchanged', change: undefined, expected: { kind: 'Written' } },
  ])('of an object that was $of since: $expected.kind', async ({ change, expected }) => {
    const { writer, latest, cluster } = start();
    const before = latest();
    if (change !== undefined) {
      cluster.put(distillationJobs, { ...before, metadata: { ...before.metadata, ...change } });
    }
    expect(await writer.write(before, distilling(1), {})).toEqual(expected);
  });

  it('of a job that is gone is a conflict, too', async () => {
    const { writer, latest, cluster } = start();
    const before = latest();
    await cluster.delete(distillationJobs, owner);
    expect(await writer.write(before, distilling(1), {})).toEqual({ kind: 'Conflict' });
  });

  it('that can not be written for another reason is an error', async () => {
    const { write, cluster } = start();
    cluster.refuse(/^status/, { httpStatus: 500, reason: 'InternalError' });
    await expect(write(distilling(1))).rejects.toThrow('InternalError');
  });
});

describe('what the server has no place for', () => {
  it('was said, as long as nobody else has changed the status', async () => {
    const { write, writer, latest, cluster } = start();
    cluster.unknownInStatus = ['progress'];
    await write(distilling(1));
    expect(latest().status).not.toHaveProperty('progress');
    expect(writer.asWritten(latest()).status).toEqual(distilling(1));
    cluster.put(distillationJobs, { ...latest(), status: {} });
    expect(writer.asWritten(latest()).status).toEqual({});
  });

  it('is forgotten with the job, and once it has a place', async () => {
    const { write, writer, latest, cluster } = start();
    cluster.unknownInStatus = ['progress'];
    await write(distilling(1));
    writer.forget(owner.uid);
    expect(writer.asWritten(latest())).toEqual(latest());
    await write({ ...distilling(1), phase: 'Finetuning' });
    cluster.unknownInStatus = [];
    await write(distilling(2));
    expect(writer.asWritten(latest())).toEqual(latest());
    expect(latest().status).toEqual(distilling(2));
  });
});

describe('a copy of a job', () => {
  // Its last write got version 102.
  it.each([
    { version: '101', isBehind: true },
    { version: '102', isBehind: false },
    { version: '103', isBehind: false },
    { version: '99', isBehind: true },
    { version: '1000', isBehind: false },
    { version: 'opaque', isBehind: false },
  ])('of version $version: is behind is $isBehind', async ({ version, isBehind }) => {
    const { writer, write, latest } = start();
    await write(distilling(1));
    expect(latest().metadata.resourceVersion).toBe('102');
    expect(writer.isBehind(aDistillationJob({ metadata: { resourceVersion: version } }))).toBe(isBehind);
  });

  it('is behind nothing when nothing was written, or what was is forgotten', async () => {
    const { writer, write } = start();
    const old = aDistillationJob({ metadata: { resourceVersion: '1' } });
    expect(writer.isBehind(old)).toBe(false);
    await write(distilling(1));
    expect(writer.isBehind(old)).toBe(true);
    writer.forget(owner.uid);
    expect(writer.isBehind(old)).toBe(false);
  });
});

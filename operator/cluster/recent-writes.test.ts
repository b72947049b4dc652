import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { RecentWrites } from './recent-writes.ts';
import { aJob, owner } from './testing/children.ts';

const job = aJob();

function start() {
  const clock = new FakeClock();
  return { clock, writes: new RecentWrites(clock) };
}

describe('a Job that was created', () => {
  it('is there before the watch has shown it, and once when it has', () => {
    const { writes } = start();
    writes.created(owner.uid, job);
    expect(writes.merge(owner.uid, [])).toEqual([job]);
    expect(writes.merge('other', [])).toEqual([]);
    expect(writes.merge(owner.uid, [job])).toEqual([job]);
  });

  it('is as the watch has shown it, and gone when that says so', () => {
    const { writes } = start();
    writes.created(owner.uid, job);
    writes.seen(job, { gone: false });
    expect(writes.merge(owner.uid, [])).toEqual([]);
    writes.created(owner.uid, job);
    writes.seen(job, { gone: true });
    expect(writes.merge(owner.uid, [])).toEqual([]);
  });

  it('is given up when the watch has not shown it for a minute', async () => {
    const { writes, clock } = start();
    writes.created(owner.uid, job);
    await clock.advance(60);
    expect(writes.merge(owner.uid, [])).toEqual([job]);
    await clock.advance(1);
    expect(writes.merge(owner.uid, [])).toEqual([]);
  });

  it('is another one than an older one of its name', () => {
    const { writes } = start();
    const older = { ...job, metadata: { ...job.metadata, uid: 'older' } };
    writes.created(owner.uid, job);
    writes.seen(older, { gone: true });
    expect(writes.merge(owner.uid, [older])).toEqual([older, job]);
  });
});

describe('a Job that was told to go', () => {
  it('counts as such until the watch shows it', () => {
    const { writes } = start();
    writes.deleted(job);
    writes.seen(job, { gone: false });
    expect(writes.isDeleted(job)).toBe(true);
    writes.seen(aJob({ deletedAt: 10 }), { gone: false });
    expect(writes.isDeleted(job)).toBe(false);
  });
});

describe('a Job that had something noted down on it', () => {
  it.each([
    { what: 'result', noted: { result: 'said' } },
    { what: 'failure', noted: { failure: { exitCode: 1, message: 'It broke.' } } },
  ])('counts as such until the watch shows it: a $what', ({ noted }) => {
    const { writes } = start();
    writes.recorded(job);
    writes.seen(job, { gone: false });
    expect(writes.isRecorded(job)).toBe(true);
    writes.seen(aJob(noted), { gone: false });
    expect(writes.isRecorded(job)).toBe(false);
  });
});

it('forgets all of a job and nothing of others', () => {
  const { writes } = start();
  const other = { ...aJob({ attempt: 2 }), controllerUid: 'other' };
  for (const each of [job, other]) {
    writes.created(each.controllerUid ?? '', each);
    writes.deleted(each);
    writes.recorded(each);
  }
  writes.forget(owner.uid);
  expect(writes.merge(owner.uid, [])).toEqual([]);
  expect([writes.isDeleted(job), writes.isRecorded(job)]).toEqual([false, false]);
  expect(writes.merge('other', [])).toEqual([other]);
  expect([writes.isDeleted(other), writes.isRecorded(other)]).toEqual([true, true]);
});

import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { DepartedJobs } from './departed-jobs.ts';
import { gatherChildren } from './gather-children.ts';
import { RecentWrites } from './recent-writes.ts';
import { aJob, owner } from './testing/children.ts';

const job = aJob();

function start(jobs = [job]) {
  const clock = new FakeClock();
  const [writes, departed] = [new RecentWrites(clock), new DepartedJobs(clock)];
  const cache = { childJobs: () => jobs, childPods: () => [] };
  return { clock, writes, departed, gather: () => gatherChildren({ cache, writes, departed }, owner) };
}

describe('a Job that was told to go', () => {
  it('is about to before the watch shows that, and a pod of it may be yet to come', () => {
    const { clock, writes, gather } = start();
    expect(gather()).toMatchObject({ jobs: [{ isDeleting: false }], departing: new Map() });
    writes.deleted(job);
    const until = new Date(clock.now().getTime() + 10_000);
    expect(gather().jobs).toEqual([{ ...job, isDeleting: true }]);
    expect(gather().departing).toEqual(new Map([[job.metadata.uid, until]]));
  });
});

describe('a Job that is gone', () => {
  it('counts where its owner is, and in no other namespace', () => {
    const { departed, gather } = start([]);
    const metadata = { ...job.metadata, uid: 'far', namespace: 'other' };
    departed.seen(job, { gone: true });
    departed.seen({ ...job, metadata }, { gone: true });
    expect(gather().departed.map((each) => each.job)).toEqual([job]);
  });
});

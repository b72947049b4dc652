import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { DepartedJobs } from './departed-jobs.ts';
import { aJob, complete, owner } from './testing/children.ts';

function start() {
  const clock = new FakeClock();
  return { clock, departed: new DepartedJobs(clock) };
}

describe('a Job that is gone without an end', () => {
  it('may get a pod for ten seconds more', async () => {
    const { clock, departed } = start();
    const job = aJob();
    departed.seen(job, { gone: true });
    const until = new Date(clock.now().getTime() + 10_000);
    expect(departed.of(owner.uid)).toEqual([{ job, until }]);
    await clock.advance(9);
    expect(departed.of(owner.uid)).toEqual([{ job, until }]);
    await clock.advance(1);
    expect(departed.of(owner.uid)).toEqual([]);
  });

  it('has had the time since it was first seen to be deleted', async () => {
    const { clock, departed } = start();
    const job = aJob({ deletedAt: 10 });
    departed.seen(job, { gone: false });
    await clock.advance(7);
    departed.seen(job, { gone: false });
    departed.seen(job, { gone: true });
    expect(departed.of(owner.uid)).toEqual([{ job, until: new Date(clock.now().getTime() + 3000) }]);
  });

  it('is nothing to wait for when it was long in going', async () => {
    const { clock, departed } = start();
    const job = aJob({ deletedAt: 10 });
    departed.seen(job, { gone: false });
    await clock.advance(10);
    departed.seen(job, { gone: true });
    expect(departed.of(owner.uid)).toEqual([]);
  });

  it('is that of its owner alone', () => {
    const { departed } = start();
    departed.seen(aJob(), { gone: true });
    expect(departed.of('other')).toEqual([]);
  });
});

describe('a Job that is deleted and still there', () => {
  it('may get a pod for ten seconds after that was seen', async () => {
    const { clock, departed } = start();
    const job = aJob({ deletedAt: 10 });
    departed.seen(job, { gone: false });
    const until = new Date(clock.now().getTime() + 10_000);
    await clock.advance(9);
    expect(departed.until(job)).toEqual(until);
    await clock.advance(1);
    expect(departed.until(job)).toBeUndefined();
  });

  it('may get one for as long when the watch is yet to show that', async () => {
    const { clock, departed } = start();
    expect(departed.until(aJob())).toEqual(new Date(clock.now().getTime() + 10_000));
  });
});

it.each([
  { what: 'a Job that had ended', job: aJob({ conditions: complete() }), gone: true },
  { what: 'a Job of somebody who only labelled it', job: { ...aJob(), controllerUid: 'other' }, gone: true },
  { what: 'a Job that is there', job: aJob({ deletedAt: 10 }), gone: false },
])('$what gets no pod any more, or is seen itself', ({ job, gone }) => {
  const { departed } = start();
  departed.seen(job, { gone });
  expect(departed.of(owner.uid)).toEqual([]);
  expect(departed.of('other')).toEqual([]);
});

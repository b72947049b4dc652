import { expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { GonePods } from './gone-pods.ts';
import { aJob, aPod, owner } from './testing/children.ts';

it('keeps what has gone of a job with the time, until the job is forgotten', async () => {
  const clock = new FakeClock();
  const gone = new GonePods(clock, (key, uid) => key === 'team/mnist' && uid === owner.uid);
  await clock.advance(5);
  gone.podGone(aPod());
  gone.jobGone(aJob());
  const { pods, jobs } = gone.of(owner.uid);
  expect(pods.map(({ object, at }) => [object.metadata.name, at])).toEqual([
    ['mnist-u000-1-x7k2p', clock.now()],
  ]);
  expect(jobs.map(({ object }) => object.metadata.name)).toEqual(['mnist-u000-1']);
  gone.forget(owner.uid);
  expect(gone.of(owner.uid)).toEqual({ pods: [], jobs: [] });
});

it('forgets the first of very many', () => {
  const gone = new GonePods(new FakeClock(), () => true);
  for (let index = 0; index < 1100; index += 1) gone.podGone(aPod({ suffix: String(index) }));
  const names = gone.of(owner.uid).pods.map(({ object }) => object.metadata.name);
  expect([names.length, names[0], names.at(-1)]).toEqual([1024, 'mnist-u000-1-76', 'mnist-u000-1-1099']);
});

it('keeps nothing of jobs that nobody looks after any more', () => {
  const gone = new GonePods(new FakeClock(), () => false);
  gone.podGone(aPod());
  gone.jobGone(aJob());
  expect(gone.of(owner.uid)).toEqual({ pods: [], jobs: [] });
});

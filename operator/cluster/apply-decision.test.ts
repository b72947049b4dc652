import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { Obstacles } from './apply-decision.ts';
import { owner } from './testing/children.ts';
import { aDistillationJob } from './testing/distillation-jobs.ts';

const job = aDistillationJob();
const edited = aDistillationJob({ metadata: { generation: 2 } });
const why = { reason: 'QuotaExceeded', message: 'It waits for quota.' };

function start() {
  const clock = new FakeClock();
  return { clock, obstacles: new Obstacles(clock) };
}

describe('an obstacle', () => {
  it('is tried again after 5, 10, 20 ... and at most 300 s', async () => {
    const { clock, obstacles } = start();
    const waits: number[] = [];
    for (let time = 0; time < 8; time += 1) {
      obstacles.met(job, { why, final: false });
      waits.push(obstacles.secondsLeft(job));
      await clock.advance(400);
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('is told of until it is overcome, also while it is tried again', async () => {
    const { clock, obstacles } = start();
    obstacles.met(job, { why, final: false });
    await clock.advance(5);
    expect(obstacles.secondsLeft(job)).toBe(0);
    expect(obstacles.get(job)).toEqual(why);
    obstacles.passed(job);
    expect(obstacles.get(job)).toBeUndefined();
  });

  it('may be gone with an edit, which is tried at once', () => {
    const { obstacles } = start();
    obstacles.met(job, { why, final: true });
    expect(obstacles.get(edited)).toBeUndefined();
    expect(obstacles.finalRefusal(edited)).toBeUndefined();
    expect(obstacles.secondsLeft(edited)).toBe(0);
  });

  it.each([
    { final: true, refusal: why.message },
    { final: false, refusal: undefined },
  ])('that is final, $final, is a refusal', ({ final, refusal }) => {
    const { obstacles } = start();
    obstacles.met(job, { why, final });
    expect(obstacles.finalRefusal(job)).toBe(refusal);
    obstacles.forget(owner.uid);
    expect(obstacles.finalRefusal(job)).toBeUndefined();
  });
});

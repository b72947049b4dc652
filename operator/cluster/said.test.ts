import { describe, expect, it } from 'vitest';
import { aJob, aPod, complete, failed, imageId, podStatus } from './testing/children.ts';
import { blocks, digestOf, said } from './testing/messages.ts';
import { at, observe, plan } from './testing/observe.ts';

const jobFailed = aJob({ conditions: failed() });
const jobComplete = aJob({ conditions: complete() });

describe('a result', () => {
  const ended = (message: string) => aPod({ status: podStatus.ended(0, { message }) });

  it('is what the pod said, even before its Job is complete', () => {
    const { attempts, unrecorded } = observe({ jobs: [aJob()], pods: [ended(said('Distill'))] });
    expect(attempts).toMatchObject([
      {
        state: 'Succeeded',
        result: { value: { stage: 'Distill' }, reference: { path: 'unit-000/pod-uid/result.json' } },
        startTime: at(5),
        endTime: at(95),
      },
    ]);
    expect(unrecorded).toEqual([]);
  });

  it('is noted down on the Job as soon as that has ended, too', () => {
    const { unrecorded } = observe({
      jobs: [aJob({ conditions: complete() })],
      pods: [ended(said('Distill'))],
    });
    expect(unrecorded).toMatchObject([
      { job: { metadata: { name: 'mnist-u000-1' } }, text: said('Distill') },
    ]);
  });

  it.each([
    { of: 'stays', job: {}, pod: {}, expected: false },
    { of: 'is deleted', job: {}, pod: { deadline: 120 }, expected: true },
    { of: 'is not seen any more', job: {}, pod: {}, isUnseen: true, expected: true },
    { of: 'goes with its Job', job: { deletedAt: 110 }, pod: { deadline: 120 }, expected: false },
  ])('is in haste to be noted down, or not, when its pod $of', ({ job, pod, isUnseen, expected }) => {
    const status = podStatus.ended(0, { message: said('Distill') });
    const podThatEnded = aPod({ ...pod, status });
    const { unrecorded } = observe({
      jobs: [aJob({ ...job, conditions: complete() })],
      pods: [podThatEnded],
      unseen: new Set(isUnseen === true ? [podThatEnded.metadata.uid] : []),
    });
    expect(unrecorded).toMatchObject([{ kind: 'result', isPodGoing: expected }]);
  });

  it('is what was noted down on the Job when the pod is gone, and is not noted down again', () => {
    const job = aJob({ conditions: complete(), result: said('Distill') });
    const { attempts, unrecorded } = observe({ jobs: [job] });
    expect(attempts).toMatchObject([{ state: 'Succeeded', startTime: at(5), endTime: at(95) }]);
    expect(unrecorded).toEqual([]);
  });

  it('counts though its Job failed, or was deleted', () => {
    const pods = [ended(said('Distill'))];
    expect(observe({ jobs: [jobFailed], pods }).attempts).toMatchObject([{ state: 'Succeeded' }]);
    expect(observe({ jobs: [], pods }).attempts).toMatchObject([{ state: 'Succeeded' }]);
  });

  it('does not count from a pod of a Job that was never seen: labels are set by anyone', () => {
    const pods = [ended(said('Distill'))];
    expect(observe({ jobs: [], pods, formerJobs: new Set() }).attempts).toEqual([]);
  });

  it.each([
    { of: 'another job', message: said('Distill', { jobUid: 'other' }) },
    { of: 'another spec', message: said('Distill', { specDigest: digestOf('ff') }) },
    { of: 'another plan', message: said('Distill', { planDigest: digestOf('ff') }) },
    { of: 'another unit', message: said('Distill', { index: 1 }) },
    { of: 'another stage', message: said('Finetune') },
    { of: 'other blocks', message: said('Distill', { blocks: ['conv_1', 'conv_2'] }) },
    { of: 'nobody, being cut off', message: said('Distill').slice(0, -9) },
  ])('of $of is none', ({ message }) => {
    expect(observe({ jobs: [jobFailed], pods: [ended(message)] }).attempts).toMatchObject([
      {
        state: 'Failed',
        message:
          'The worker said that it was done, but what it said belongs to another job, spec or plan, or is damaged.',
      },
    ]);
  });

  it('must be given: an exit with 0 alone proves nothing', () => {
    expect(observe({ jobs: [jobFailed], pods: [ended('')] }).attempts).toMatchObject([
      { state: 'Failed', message: 'The worker said that it was done, but gave no proof of it.' },
    ]);
    expect(observe({ jobs: [jobComplete], pods: [ended('')] }).attempts).toMatchObject([
      { state: 'Interrupted', hapless: true },
    ]);
  });

  it('is judged anew when the plan is known', () => {
    const jobs = [aJob()];
    const pods = [ended(said('Distill'))];
    const other = { ...plan, digest: digestOf('ff') };
    expect(observe({ jobs, pods, plan: other }).attempts[0]?.state).toBe('Interrupted');
    expect(observe({ jobs, pods }).attempts[0]?.state).toBe('Succeeded');
  });

  it('is judged anew when the accepted spec is known', () => {
    const jobs = [aJob({ stage: 'Prepare' })];
    const pods = [aPod({ stage: 'Prepare', status: podStatus.ended(0, { message: said('Prepare') }) })];
    const noDigests = { Prepare: digestOf('00'), Distill: digestOf('00'), Finetune: digestOf('00') };
    expect(observe({ jobs, pods, specDigests: noDigests }).prepared).toBeUndefined();
    expect(observe({ jobs, pods }).prepared?.message.stage).toBe('Prepare');
  });
});

describe('what prepare said', () => {
  it('is given with the image that its pod ran', () => {
    const pods = [aPod({ stage: 'Prepare', status: podStatus.ended(0, { message: said('Prepare') }) })];
    const { prepared } = observe({ jobs: [aJob({ stage: 'Prepare' })], pods });
    expect(prepared).toMatchObject({ imageId, message: { plan: { candidates: [...blocks] } } });
    expect(observe({ pods }).prepared).toEqual(prepared);
  });
});

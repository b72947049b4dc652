import { describe, expect, it } from 'vitest';
import type { Progress } from '../../worker/contract/progress.ts';
import type { Why } from '../decide/observed.ts';
import { projectPod } from './children.ts';
import { aJob, aKubePod, aPod, complete, failed, podStatus } from './testing/children.ts';
import { at, observe } from './testing/observe.ts';

const jobFailed = aJob({ conditions: failed() });
const jobComplete = aJob({ conditions: complete() });

describe('the state of an attempt', () => {
  it.each([
    {
      of: 'a Job without a pod',
      jobs: [aJob()],
      pods: [],
      expected: { state: 'Pending', id: 'mnist-u000-1', number: 1, unit: 'unit-000', device: 'GPU' },
    },
    {
      of: 'a pod without a node',
      jobs: [aJob()],
      pods: [aPod({ createdAt: 7, status: podStatus.unscheduled('0/3 nodes are available.') })],
      expected: {
        state: 'Pending',
        waitingSince: at(7),
        waiting: { reason: 'WaitingForNode', message: 'unit-000 waits for a node: 0/3 nodes are available.' },
      },
    },
    {
      of: 'a pod whose volume can not be mounted',
      jobs: [aJob()],
      pods: [aPod({ node: 'gpu-1' })],
      complaints: new Map([
        [
          aPod().metadata.uid,
          {
            reason: 'FailedMount',
            message: 'MountVolume.SetUp failed for volume "s3": secret "s3" not found',
          },
        ],
      ]),
      expected: {
        state: 'Pending',
        waiting: {
          reason: 'WaitingForVolume',
          message:
            'unit-000 waits for a volume: MountVolume.SetUp failed for volume "s3": secret "s3" not found. Check the claims, Secrets and ConfigMaps that spec.pod, spec.storage or the operator\'s defaults name.',
        },
      },
    },
    {
      of: 'a pod that runs',
      jobs: [aJob()],
      pods: [aPod({ node: 'gpu-1', status: podStatus.running(5) })],
      expected: { state: 'Running', startTime: at(5), node: 'gpu-1' },
    },
    {
      of: 'a pod that runs and was told to end',
      jobs: [aJob({ deletedAt: 100 })],
      pods: [aPod({ deadline: 220, status: podStatus.running() })],
      expected: { state: 'Running', stopping: true },
    },
    {
      of: 'a worker whose input is bad',
      jobs: [aJob({ conditions: failed('PodFailurePolicy', 'Container worker failed with exit code 64') })],
      pods: [aPod({ status: podStatus.ended(64, { message: 'The teacher has no layer conv_9.' }) })],
      expected: {
        state: 'Failed',
        exitCode: 64,
        message: 'The teacher has no layer conv_9.',
        endTime: at(100),
      },
    },
    {
      of: 'a worker whose input is bad, its pod gone',
      jobs: [aJob({ conditions: failed('PodFailurePolicy', 'Container worker failed with exit code 64') })],
      pods: [],
      expected: { state: 'Failed', exitCode: 64, message: 'Container worker failed with exit code 64' },
    },
    {
      of: 'a worker that was interrupted',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.ended(75) })],
      expected: { state: 'Interrupted', exitCode: 75 },
    },
    {
      of: 'a worker that broke',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.ended(1, { message: 'It broke.\n' }) })],
      expected: { state: 'Failed', exitCode: 1, message: 'It broke.' },
    },
    {
      of: 'a worker that broke without a word',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.ended(137) })],
      expected: {
        state: 'Failed',
        exitCode: 137,
        message: 'The worker ended with exit code 137; its log may say why.',
      },
    },
    {
      of: 'memory that ran out',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.outOfMemory() })],
      expected: {
        state: 'Failed',
        exitCode: 137,
        message: expect.stringContaining('raise spec.resources.memory') as string,
      },
    },
    {
      of: 'a preemption',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.preempted() })],
      expected: { state: 'Interrupted', exitCode: 137, message: 'PreemptionByScheduler' },
    },
    {
      of: 'a suspension that the worker had no time to obey, with a backoffLimit of 0',
      jobs: [aJob({ deletedAt: 60, conditions: failed('BackoffLimitExceeded', 'one failure is too many') })],
      pods: [aPod({ deadline: 90, status: podStatus.ended(137) })],
      expected: { state: 'Interrupted', exitCode: 137, message: 'KilledAfterDeletion' },
    },
    {
      of: 'an admission that was refused',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.admissionError() })],
      expected: {
        state: 'Interrupted',
        hapless: true,
        message: expect.stringMatching(
          /^No container of its pod ran: UnexpectedAdmissionError: Allocate/,
        ) as string,
      },
    },
    {
      of: 'a container that could not be started',
      jobs: [jobFailed],
      pods: [aPod({ status: podStatus.startError() })],
      expected: { state: 'Interrupted', hapless: true },
    },
    {
      of: 'a failed Job without a pod',
      jobs: [jobFailed],
      pods: [],
      expected: {
        state: 'Interrupted',
        hapless: true,
        message: 'Its Job failed without leaving a pod: Job has reached the specified backoff limit',
      },
    },
    {
      of: 'a complete Job whose pod is gone, and its word with it',
      jobs: [jobComplete],
      pods: [],
      expected: { state: 'Interrupted', hapless: true, endTime: at(100) },
    },
    {
      of: 'a pod that says nothing of its success, its Job not yet complete',
      jobs: [aJob()],
      pods: [aPod({ status: podStatus.ended(0) })],
      expected: { state: 'Interrupted', hapless: true, endTime: at(95) },
    },
    {
      of: 'a failed Job that is seen before the end of its pod',
      jobs: [aJob({ conditions: failed('PodFailurePolicy', 'exit code 64') })],
      pods: [aPod({ status: podStatus.running() })],
      expected: { state: 'Running' },
    },
    {
      of: 'a complete Job that is seen before the end of its pod',
      jobs: [jobComplete],
      pods: [aPod({ status: podStatus.running() })],
      expected: { state: 'Running' },
    },
    {
      of: 'a Job that was deleted and has no pod any more',
      jobs: [aJob({ deletedAt: 100 })],
      pods: [aPod({ status: podStatus.ended(75) })],
      expected: { state: 'Interrupted', endTime: at(100) },
    },
    {
      of: 'a Job that waits in a queue',
      jobs: [aJob({ suspend: true, labels: { 'kueue.x-k8s.io/queue-name': 'gpus' } })],
      pods: [],
      expected: {
        state: 'Pending',
        waiting: { reason: 'Queued', message: 'unit-000 waits for its turn in the queue gpus.' },
      },
    },
    {
      of: 'a Job that somebody holds back',
      jobs: [aJob({ suspend: true })],
      pods: [],
      expected: { waiting: { reason: 'Queued', message: 'unit-000 waits to be resumed.' } },
    },
  ])('$of', ({ jobs, pods, expected, complaints = new Map() }) => {
    const { attempts } = observe({ jobs, pods, complaints });
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject(expected);
  });
});

describe('how long an attempt waits to start', () => {
  it('is not known of a Job that has lost its pod, however old it is', () => {
    const pods = [aPod({ status: podStatus.preempted() })];
    const [attempt] = observe({ jobs: [aJob()], pods, now: at(9000) }).attempts;
    expect(attempt).toMatchObject({ state: 'Pending', startTime: at(5) });
    expect(attempt).not.toHaveProperty('waitingSince');
  });

  it('is counted from when a Job was first seen without a pod, and what the cluster said', () => {
    const why = { reason: 'QuotaExceeded', message: 'unit-000 waits for quota.' };
    const podless = new Map([['mnist-u000-1', { since: at(150), why }]]);
    expect(observe({ jobs: [aJob()], podless }).attempts).toMatchObject([
      { state: 'Pending', waitingSince: at(150), waiting: why },
    ]);
  });

  it('ends after eleven minutes when nothing says why there is no pod', () => {
    const since = at(150);
    const seen = (now: number, why?: Why | 'Unknown') =>
      observe({ jobs: [aJob()], podless: new Map([['mnist-u000-1', { since, why }]]), now: at(now) })
        .attempts[0];
    expect(seen(809)).not.toHaveProperty('abandoned');
    expect(seen(810)).toMatchObject({
      state: 'Pending',
      abandoned: true,
      waiting: {
        reason: 'NoPod',
        message: 'unit-000 was given no pod for 11 minutes, and nothing says why: its Job is replaced.',
      },
    });
    expect(seen(5000, { reason: 'QuotaExceeded', message: 'No quota.' })).not.toHaveProperty('abandoned');
  });

  it('goes on for longer where events can not be read, and says so after eleven minutes', () => {
    const since = at(150);
    const podless = new Map([['mnist-u000-1', { since, why: 'Unknown' as const }]]);
    const seen = (now: number) => observe({ jobs: [aJob()], podless, now: at(now) }).attempts[0];
    expect(seen(809)).toMatchObject({ state: 'Pending', waitingSince: since });
    expect(seen(809)).not.toHaveProperty('waiting');
    expect(seen(810)).toMatchObject({
      state: 'Pending',
      waitingSince: since,
      waiting: {
        reason: 'NoPod',
        message:
          "unit-000 was given no pod for 11 minutes, and why is not known, since the operator can't read Events: allow it to list them in this namespace. The Job stays; kubectl describe job mnist-u000-1 shows them.",
      },
    });
    expect(seen(5000)).not.toHaveProperty('abandoned');
  });

  it('is counted from the pod that took the place of another one', () => {
    const pods = [
      aPod({ suffix: 'first', createdAt: 1, status: podStatus.preempted() }),
      aPod({ suffix: 'second', createdAt: 100 }),
    ];
    expect(observe({ jobs: [aJob()], pods }).attempts).toMatchObject([
      { state: 'Pending', waitingSince: at(100), startTime: at(5) },
    ]);
  });
});

describe('children that are not where they should be', () => {
  it('are passed over when another object owns them, whatever their labels say', () => {
    expect(observe({ jobs: [aJob({ ownerUid: 'other' })] }).attempts).toEqual([]);
  });

  it('are about to end when their Job is gone', () => {
    expect(observe({ pods: [aPod({ status: podStatus.running() })] }).attempts).toMatchObject([
      { state: 'Running', stopping: true, number: 1 },
    ]);
    expect(observe({ pods: [aPod()] }).attempts).toMatchObject([{ state: 'Pending', stopping: true }]);
    expect(observe({ pods: [aPod({ status: podStatus.ended(1) })] }).attempts).toEqual([]);
  });

  it("are nobody's attempt when no Job has made them: a copy of a pod has its labels", () => {
    const { metadata, ...rest } = aKubePod({ status: podStatus.running() });
    const copy = projectPod({ ...rest, metadata: { ...metadata, ownerReferences: [] } });
    expect(observe({ pods: [copy] }).attempts).toEqual([]);
  });

  it('are about to end, too, when their Job is deleted and a pod of it may come', () => {
    const job = aJob({ deletedAt: 190 });
    const departing = new Map([[job.metadata.uid, at(205)]]);
    const still = [{ state: 'Pending', stopping: true, number: 1 }];
    expect(observe({ jobs: [job], departing })).toMatchObject({ attempts: still, changesAt: at(205) });
    expect(observe({ jobs: [job] }).attempts).toMatchObject([{ state: 'Interrupted' }]);
  });

  it('count when their Job has just been deleted, seen or not', () => {
    const departed = [{ job: aJob(), until: at(205) }];
    const still = [{ state: 'Pending', stopping: true, number: 1, unit: 'unit-000' }];
    expect(observe({ departed })).toMatchObject({ attempts: still, changesAt: at(205) });
    expect(observe({ departed, pods: [aPod()] }).attempts).toMatchObject(still);
    // Looking took its time.
    expect(observe({ departed, now: at(206) })).toMatchObject({ attempts: still, changesAt: at(205) });
    expect(observe({ departed, pods: [aPod({ status: podStatus.ended(1) })] }).attempts).toMatchObject(still);
  });
});

describe('several pods of a Job', () => {
  it('are one attempt, from the start of the first to what the last one does', () => {
    const pods = [
      aPod({ suffix: 'second', createdAt: 100, node: 'gpu-2', status: podStatus.running(110) }),
      aPod({ suffix: 'first', createdAt: 1, node: 'gpu-1', status: podStatus.evicted() }),
    ];
    expect(observe({ jobs: [aJob()], pods }).attempts).toMatchObject([
      { state: 'Running', startTime: at(5), node: 'gpu-2' },
    ]);
  });

  it('are judged by the last one', () => {
    const pods = [
      aPod({ suffix: 'second', createdAt: 100, status: podStatus.ended(1, { message: 'It broke.' }) }),
      aPod({ suffix: 'first', createdAt: 1, status: podStatus.evicted() }),
    ];
    expect(observe({ jobs: [jobFailed], pods }).attempts).toMatchObject([
      { state: 'Failed', message: 'It broke.' },
    ]);
  });
});

describe('a pod that does not end', () => {
  const jobs = [aJob({ deletedAt: 10 })];
  const pods = [aPod({ deadline: 130, node: 'gpu-1', status: podStatus.running() })];

  it.each([
    { now: 429, expected: { state: 'Running', stopping: true }, changesAt: at(430) },
    { now: 430, expected: { state: 'Interrupted', abandoned: true, endTime: at(130) }, changesAt: undefined },
  ])('is given up 300 s after its grace period: $now s', ({ now, expected, changesAt }) => {
    const observed = observe({ jobs, pods, now: at(now) });
    expect(observed.attempts[0]).toMatchObject(expected);
    expect(observed.changesAt).toEqual(changesAt);
  });

  it('is given up though its Job lives, since the node may be gone', () => {
    expect(observe({ jobs: [aJob()], pods, now: at(430) }).attempts).toMatchObject([
      { abandoned: true, message: expect.stringContaining('on node gpu-1') as string },
    ]);
  });

  it('is forgotten when its Job is gone', () => {
    expect(observe({ pods, now: at(430) }).attempts).toEqual([]);
  });
});

it('gives attempts by number, each with the progress of its last pod', () => {
  const progress: Progress = {
    version: 1,
    stage: 'Distill',
    unit: 'unit-000',
    attempt: 'uid',
    activity: 'Training',
    fraction: 0.5,
    samplesPerSecond: 10,
    etaSeconds: 20,
    blocks: [],
  };
  const pod = aPod({ attempt: 2, status: podStatus.running() });
  const { attempts } = observe({
    jobs: [aJob({ attempt: 2 }), aJob({ attempt: 1, conditions: failed() })],
    pods: [pod],
    progress: new Map([[pod.metadata.uid, progress]]),
  });
  expect(attempts.map(({ number, progress: own }) => [number, own?.fraction])).toEqual([
    [1, undefined],
    [2, 0.5],
  ]);
});

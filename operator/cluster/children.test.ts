import { describe, expect, it } from 'vitest';
import { projectJob, projectPod } from './children.ts';
import { labels } from './names.ts';
import {
  aJob,
  aKubeJob,
  aKubePod,
  aPod,
  complete,
  failed,
  imageId,
  podStatus,
  time,
} from './testing/children.ts';

describe('what is kept of a Job', () => {
  it('is whose it is, and which attempt', () => {
    expect(aJob({ stage: 'Distill', index: 12, attempt: 3, retry: 1, revision: 2 })).toMatchObject({
      metadata: { name: 'mnist-u012-3', namespace: 'team' },
      identity: {
        ownerUid: 'owner-uid',
        ownerName: 'mnist',
        stage: 'Distill',
        index: 12,
        attempt: 3,
        retry: 1,
        revision: 2,
      },
      controllerUid: 'owner-uid',
      isDeleting: false,
      isSuspended: false,
      end: undefined,
    });
  });

  it.each([
    { of: 'a stage that is none', change: { [labels.stage]: 'train' } },
    { of: 'an attempt that is no number', change: { [labels.attempt]: 'two' } },
    { of: 'a negative unit', change: { [labels.unit]: '-1' } },
    { of: 'a unit beyond all bounds', change: { [labels.unit]: '1000001' } },
    { of: 'an attempt beyond all bounds', change: { [labels.attempt]: '9007199254740991' } },
    { of: 'a retry beyond all bounds', change: { [labels.retry]: '1000001' } },
    { of: 'a revision beyond all bounds', change: { [labels.revision]: '1000001' } },
  ])('is no attempt with $of on its labels', ({ change }) => {
    expect(aJob({ labels: change }).identity).toBeUndefined();
  });

  it.each([
    {
      of: 'complete',
      conditions: complete(100),
      end: { type: 'Complete', reason: 'CompletionsReached', message: '', time: time(100) },
    },
    {
      of: 'failed',
      conditions: failed('PodFailurePolicy', 'Container worker failed with exit code 64', 100),
      end: {
        type: 'Failed',
        reason: 'PodFailurePolicy',
        message: 'Container worker failed with exit code 64',
        time: time(100),
      },
    },
    {
      of: 'about to fail, its pods still ending',
      conditions: [{ type: 'FailureTarget', status: 'True', reason: 'PodFailurePolicy' }],
      end: undefined,
    },
    { of: 'no longer failed', conditions: [{ type: 'Failed', status: 'False' }], end: undefined },
  ])('says that it is $of', ({ conditions, end }) => {
    expect(aJob({ conditions }).end).toEqual(end);
  });

  it('counts as held back until its controller has seen that it is not', () => {
    const conditions = [{ type: 'Suspended', status: 'True', reason: 'JobSuspended' }];
    expect(aJob({ suspend: true, conditions }).isSuspended).toBe(true);
    expect(aJob({ suspend: false, conditions }).isSuspended).toBe(true);
    expect(aJob({ suspend: false, conditions: [{ type: 'Suspended', status: 'False' }] }).isSuspended).toBe(
      false,
    );
  });

  it('is little: neither template nor managed fields', () => {
    const job = aKubeJob();
    const kept = JSON.stringify(
      projectJob({ ...job, spec: { ...job.spec, template: { spec: 'template' } } }),
    );
    expect(kept).not.toContain('template');
    expect(kept.length).toBeLessThan(600);
  });
});

describe('the container of a pod', () => {
  it('is that of the worker, whatever was put beside it', () => {
    const pod = aKubePod({ status: podStatus.ended(1, { message: 'It broke.' }) });
    const beside = { name: 'istio-proxy', state: { terminated: { exitCode: 0, startedAt: time(0) } } };
    const own = pod.status?.containerStatuses ?? [];
    const both = { ...pod, status: { ...pod.status, containerStatuses: [beside, ...own] } };
    expect(projectPod(both)).toEqual(projectPod(pod));
    expect(projectPod(both).end).toMatchObject({ exitCode: 1, message: 'It broke.' });
  });
});

describe('what controls a pod', () => {
  const controlledBy = (kind: string, controller: boolean) => {
    const { metadata, ...rest } = aKubePod();
    const ownerReferences = [{ apiVersion: 'any/v1', kind, name: 'some', uid: 'some-uid', controller }];
    return projectPod({ ...rest, metadata: { ...metadata, ownerReferences } }).controllerUid;
  };

  it('is a Job or of no interest', () => {
    expect(controlledBy('Job', true)).toBe('some-uid');
    expect(controlledBy('Job', false)).toBeUndefined();
    expect(controlledBy('ReplicaSet', true)).toBeUndefined();
  });
});

describe('what is kept of a pod', () => {
  it('that runs: where, since when, and its image', () => {
    expect(aPod({ node: 'gpu-1', status: podStatus.running(5) })).toMatchObject({
      phase: 'Running',
      node: 'gpu-1',
      address: '10.0.0.7',
      startedAt: time(5),
      end: undefined,
      waiting: undefined,
      imageId,
    });
  });

  it.each([
    {
      of: 'memory that ran out',
      status: podStatus.outOfMemory(),
      end: { exitCode: 137, reason: 'OOMKilled', disruption: undefined, finishedAt: time(95) },
    },
    {
      of: 'an eviction that its worker had the time to obey',
      status: podStatus.evicted(),
      end: { exitCode: 75, reason: 'Evicted', disruption: 'TerminationByKubelet' },
    },
    {
      of: 'a preemption',
      status: podStatus.preempted(),
      end: { exitCode: 137, disruption: 'PreemptionByScheduler' },
    },
    {
      of: 'an admission that kubelet refused, without a word of containers',
      status: podStatus.admissionError(),
      end: {
        exitCode: undefined,
        reason: 'UnexpectedAdmissionError',
        message: expect.stringContaining('no healthy devices') as string,
        finishedAt: undefined,
      },
    },
    {
      of: 'a container that could not be started, in 1970',
      status: podStatus.startError(),
      end: {
        exitCode: undefined,
        reason: 'StartError',
        message: expect.stringContaining('executable file not found') as string,
      },
    },
    {
      of: 'a node that had forgotten its container',
      status: podStatus.ended(137, { reason: 'ContainerStatusUnknown', startedAt: null, finishedAt: null }),
      end: { exitCode: undefined, reason: 'ContainerStatusUnknown' },
    },
    {
      of: 'a failure with last words',
      status: podStatus.ended(1, { message: 'It broke.' }),
      end: { exitCode: 1, reason: 'Error', message: 'It broke.', finishedAt: time(95) },
    },
    { of: 'success', status: podStatus.ended(0), end: { exitCode: 0, reason: 'Completed', message: '' } },
  ])('that ended by $of', ({ status, end }) => {
    expect(aPod({ status }).end).toMatchObject(end);
  });

  // It ended 95 s after the hour, by its node's clock.
  it.each([
    { of: 'in the middle of its grace period', deadline: 125, gracePeriodSeconds: 60, code: 137 },
    { of: 'before its worker listened', deadline: 125, gracePeriodSeconds: 30, code: 143 },
    { of: 'on a node that is 2 s behind', deadline: 127, gracePeriodSeconds: 30, code: 143 },
    { of: 'on a node that is 10 s behind', deadline: 135, gracePeriodSeconds: 30, code: 143 },
  ])('that was told to end, and was killed $of', ({ deadline, gracePeriodSeconds, code }) => {
    const pod = aPod({ deadline, gracePeriodSeconds, status: podStatus.ended(code) });
    expect(pod.end?.disruption).toBe('KilledAfterDeletion');
  });

  it('had died before it was told to end', () => {
    const disruption = (deadline: number, gracePeriodSeconds?: number) =>
      aPod({
        deadline,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        status: podStatus.ended(137),
      }).end?.disruption;
    expect(disruption(106)).toBeUndefined();
    expect(disruption(136, 30)).toBeUndefined();
  });

  it.each([
    { status: podStatus.ended(137), disruption: 'KilledAfterDeletion' },
    { status: podStatus.ended(143), disruption: 'KilledAfterDeletion' },
    { status: podStatus.preempted(), disruption: 'PreemptionByScheduler' },
    { status: podStatus.outOfMemory(), disruption: undefined },
    { status: podStatus.ended(1), disruption: undefined },
  ])('that was told to end, and ended by $disruption', ({ status, disruption }) => {
    expect(aPod({ deadline: 90, status }).end?.disruption).toBe(disruption);
  });

  it.each([
    {
      of: 'an image that is not there',
      status: podStatus.waiting('ImagePullBackOff', 'Back-off pulling image "worker:9"'),
      waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "worker:9"' },
    },
    {
      of: 'a Secret that is not there',
      status: podStatus.waiting('CreateContainerConfigError', 'secret "s3" not found'),
      waiting: { reason: 'CreateContainerConfigError', message: 'secret "s3" not found' },
    },
    {
      of: 'a node',
      status: podStatus.unscheduled('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'),
      waiting: {
        reason: 'Unschedulable',
        message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
      },
    },
    {
      of: 'nothing but its creation',
      status: podStatus.waiting('ContainerCreating', ''),
      waiting: undefined,
    },
    {
      of: 'containers that others have put before its own',
      status: podStatus.waiting('PodInitializing', ''),
      waiting: undefined,
    },
    { of: 'nothing that is known', status: undefined, waiting: undefined },
  ])('that waits for $of', ({ status, waiting }) => {
    expect(
      projectPod({ ...aKubePod(), ...(status === undefined ? { status: {} } : { status }) }).waiting,
    ).toEqual(waiting);
  });

  it.each([
    { of: 'created, where nothing says when it got its node', change: { node: 'gpu-1' }, since: time(1) },
    { of: 'given its node', change: { node: 'gpu-1', status: podStatus.creating(40) }, since: time(40) },
    { of: 'without a node', change: {}, since: undefined },
    {
      of: 'mounted and set up',
      change: { node: 'gpu-1', status: podStatus.creating(40, 'True') },
      since: undefined,
    },
    {
      of: 'pulled in vain',
      change: { node: 'gpu-1', status: podStatus.waiting('ErrImagePull', '') },
      since: undefined,
    },
    { of: 'running', change: { node: 'gpu-1', status: podStatus.running() }, since: undefined },
  ])('that is $of: it is being prepared since $since', ({ change, since }) => {
    expect(aPod(change).preparingSince).toBe(since);
  });

  it('has the end of its grace period, by which it should have ended', () => {
    expect(aPod({ deadline: 130, status: podStatus.running() }).deadline).toBe(time(130));
  });
});

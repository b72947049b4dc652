import { describe, expect, it } from 'vitest';
import { coreEvents, distillationJobs, kubeJobs, volumeClaims } from './kube-objects.ts';
import { labels } from './names.ts';
import { aKubeJob, owner, podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

describe('a name that is taken', () => {
  it('by an earlier try whose answer was lost is what was wanted', async () => {
    const world = new SmallWorld();
    world.freezeCache();
    world.cluster.put(kubeJobs, aKubeJob({ stage: 'Prepare' }));
    await world.reconcile();
    world.thawCache();
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1']);
    expect(world.conditions).toEqual({ Reconciling: 'Pending' });
  });

  it('by another object is never taken over, and asked for again later and later', async () => {
    const world = new SmallWorld();
    world.cluster.put(kubeJobs, aKubeJob({ stage: 'Prepare', ownerUid: 'other' }));
    expect(await world.reconcile()).toBe(0);
    expect(await world.reconcile()).toBe(5);
    expect(world.conditions).toEqual({ Reconciling: 'NameTaken' });
    await world.clock.advance(5);
    expect(await world.reconcile()).toBe(0);
    expect(await world.reconcile()).toBe(10);
    world.removeJobs();
    await world.clock.advance(10);
    await world.reconcile();
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'Pending' });
  });
});

describe('a Job of its own whose labels do not say which attempt it is', () => {
  it.each([
    { of: 'are no numbers', change: { [labels.attempt]: 'two' } },
    { of: 'are those of another attempt', change: { [labels.attempt]: '7' } },
    { of: 'are those of another unit', change: { [labels.stage]: 'distill' } },
    { of: 'are those of another job', change: { [labels.jobUid]: 'other' } },
  ])('is in the way, and that is said, where they $of', async ({ change }) => {
    const world = new SmallWorld();
    world.freezeJobs();
    world.cluster.put(kubeJobs, aKubeJob({ stage: 'Prepare', labels: change }));
    expect(await world.reconcile()).toBe(0);
    expect(await world.reconcile()).toBe(5);
    expect(world.conditions).toEqual({ Reconciling: 'NameTaken' });
    expect(world.status.conditions?.find(({ type }) => type === 'Reconciling')?.message).toContain(
      "The Job mnist-p000-1 belongs to this DistillationJob, but its labels don't say so.",
    );
    world.removeJobs();
    await world.clock.advance(5);
    await world.reconcile();
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'Pending' });
  });

  it('is not asked for in vain again and again where its number is beyond all bounds', async () => {
    const world = new SmallWorld();
    const status = { phase: 'Suspended', attempts: { prepare: 1_000_000 } } as const;
    world.cluster.put(distillationJobs, { ...world.object, status });
    expect(await world.reconcile()).toBe(0);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.conditions).toEqual({ Reconciling: 'NameTaken' });
  });
});

describe('a Job that its controller has lost sight of', () => {
  it('is replaced when it has been without a pod for longer than any back-off', async () => {
    const world = new SmallWorld();
    await world.reconcile();
    await world.reconcile();
    await world.clock.advance(659);
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1']);
    await world.clock.advance(1);
    await world.reconcile();
    expect(world.jobNames).toEqual([]);
    expect(world.conditions).toEqual({ Reconciling: 'NoPod' });
    await world.clock.advance(10);
    await world.reconcile();
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-2']);
  });

  it.each([
    {
      of: 'are refused',
      stop: ({ cluster }: SmallWorld) =>
        cluster.refuse(/^list events/, { httpStatus: 503, reason: 'ServiceUnavailable' }, Infinity),
    },
    { of: 'do not come', stop: ({ cluster }: SmallWorld) => cluster.silence(coreEvents) },
  ])('is left in peace while events $of, which may say what keeps its pod away', async ({ stop }) => {
    const world = new SmallWorld();
    stop(world);
    await world.reconcile();
    await world.reconcile();
    for (let minute = 1; minute <= 25; minute += 1) {
      await world.clock.advance(58);
      const looked = world.reconcile();
      await world.clock.advance(2);
      await looked;
    }
    expect(world.cluster.writes.filter((request) => request.includes('jobs/mnist-p'))).toEqual([
      'create jobs/mnist-p000-1',
    ]);
    expect(world.conditions).toEqual({ Reconciling: 'NoPod' });
  });
});

describe('what the cluster refuses', () => {
  it('because of a quota is asked for again, and said', async () => {
    const world = new SmallWorld();
    world.cluster.refuse(/^create jobs/, {
      httpStatus: 403,
      reason: 'Forbidden',
      message: 'jobs.batch "mnist-p000-1" is forbidden: exceeded quota: jobs',
    });
    expect(await world.reconcile()).toBe(0);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.conditions).toEqual({ Reconciling: 'QuotaExceeded' });
    await world.clock.advance(5);
    expect(await world.writes()).toEqual(['create jobs/mnist-p000-1']);
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'Pending' });
  });

  it('because the namespace is being deleted is no failure', async () => {
    const world = new SmallWorld();
    const details = { causes: [{ reason: 'NamespaceTerminating' }] };
    world.cluster.refuse(/^create jobs/, { httpStatus: 403, reason: 'Forbidden', details });
    await world.reconcile();
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'NamespaceTerminating' });
  });

  it('for good ends the job when nothing runs any more, until it is edited', async () => {
    const world = new SmallWorld();
    await world.reconcile();
    world.cluster.refuse(/^create jobs\/mnist-u001/, { httpStatus: 422, reason: 'Invalid', message: 'no.' });
    world.commit('Prepare');
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-u000-1']);
    world.run('Distill', 0);
    await world.reconcile();
    expect(world.status.phase).toBe('Distilling');
    expect(world.status.conditions?.find(({ type }) => type === 'Reconciling')?.message).toContain(
      'The cluster refuses the Job mnist-u001-1: no.',
    );
    world.commit('Distill', 0);
    await world.reconcile();
    expect(world.conditions).toEqual({
      Stalled: 'InvalidSpec',
      Failed: 'InvalidSpec',
      Finished: 'InvalidSpec',
    });
    world.edit({ pod: { schedulerName: 'other' } });
    expect(await world.writes()).toContain('create jobs/mnist-u001-1');
  });

  it('for a moment is an error, after which everything is looked at again', async () => {
    const world = new SmallWorld();
    world.cluster.refuse(/^create jobs/, { httpStatus: 500, reason: 'InternalError' });
    await expect(world.reconcile()).rejects.toThrow('InternalError');
    expect(await world.writes()).toEqual(['create jobs/mnist-p000-1']);
  });
});

describe('a pod that its node can not prepare', () => {
  it('is why its job waits, as soon as an event says so', async () => {
    const world = new SmallWorld();
    await world.reconcile();
    const pod = world.pod({ stage: 'Prepare', node: 'gpu-1', status: podStatus.creating(0) });
    expect(await world.reconcile()).toBe(15);
    world.cluster.put(coreEvents, {
      metadata: { name: 'mount' },
      type: 'Warning',
      reason: 'FailedMount',
      message: 'secret "s3" not found',
      involvedObject: { kind: 'Pod', uid: pod.metadata.uid ?? '' },
    });
    await world.clock.advance(15);
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'WaitingForVolume' });
  });

  it('keeps nothing else from going on when events can not be read', async () => {
    const world = await new SmallWorld().distilling();
    world.pod({ index: 0, node: 'gpu-1', status: podStatus.creating(0) });
    world.commit('Distill', 1);
    await world.clock.advance(20);
    world.cluster.refuse(/^list events/, { httpStatus: 403, reason: 'Forbidden' });
    await world.reconcile();
    expect(world.status.blocks?.map(({ state }) => state)).toEqual(['Pending', 'Distilled']);
    expect(world.cluster.requests).toContain('problem');
  });
});

describe('a Job for which the cluster makes no pod', () => {
  it('is looked at again by itself, until an event says why', async () => {
    const world = new SmallWorld();
    await world.reconcile();
    expect(await world.reconcile()).toBe(15);
    await world.clock.advance(15);
    expect(await world.writes()).toEqual([]);
    expect(world.cluster.requests).toContain('list events');
  });
});

describe('the claim of a job', () => {
  const claim = (accessMode: string) => ({
    metadata: { name: 'data', namespace: owner.namespace },
    spec: { accessModes: [accessMode] },
  });

  it('that is ReadWriteOnce puts its pods on one node, and the job says so', async () => {
    const world = new SmallWorld();
    world.cluster.put(volumeClaims, claim('ReadWriteOnce'));
    await world.reconcile();
    expect(world.conditions).toEqual({ Reconciling: 'Pending', SingleNode: 'ReadWriteOnce' });
    expect(world.jobs[0]).toHaveProperty('spec.template.spec.affinity.podAffinity');
  });

  it('that is for one pod only stalls it', async () => {
    const world = new SmallWorld();
    world.cluster.put(volumeClaims, claim('ReadWriteOncePod'));
    await world.reconcile();
    expect(world.conditions).toMatchObject({ Stalled: 'InvalidSpec' });
    expect(world.jobNames).toEqual([]);
  });
});

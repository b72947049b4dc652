import { describe, expect, it } from 'vitest';
import { distillationJobs, kubeJobs, kubePods, volumeClaims } from './kube-objects.ts';
import { aKubeJob, failed, imageId, owner, podStatus } from './testing/children.ts';
import { defaults } from './testing/distillation-jobs.ts';
import { SmallWorld } from './testing/small-world.ts';

interface Template {
  readonly spec: { readonly containers: readonly [{ readonly image: string }] };
}

const imagesOf = (world: SmallWorld): (string | undefined)[] =>
  world.jobs.map(({ spec }) => (spec.template as Template).spec.containers[0].image);

describe('a job', () => {
  it('is written down, said to be there, and begun, in this order', async () => {
    expect(await new SmallWorld().writes()).toEqual([
      'create controllerrevisions/mnist-owner-ui-spec-1',
      'status distillationjobs/mnist',
      'event Pending',
      'create jobs/mnist-p000-1',
    ]);
  });

  it('goes from prepare over its units to a student, and then rests', async () => {
    const world = new SmallWorld();
    await world.reconcile();
    world.commit('Prepare');
    expect(await world.writes()).toEqual([
      'create controllerrevisions/mnist-owner-ui-plan',
      'status distillationjobs/mnist',
      'event Distilling',
      'create jobs/mnist-u001-1',
      'create jobs/mnist-u000-1',
    ]);
    world.run('Distill', 0);
    world.commit('Distill', 1);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist', 'event BlockDistilled']);
    expect(world.status).toMatchObject({ phase: 'Distilling', progress: { done: 1, total: 2 } });
    world.commit('Distill', 0);
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event Finetuning',
      'event BlockDistilled',
      'create jobs/mnist-f000-1',
    ]);
    world.commit('Finetune');
    await world.reconcile();
    expect(world.conditions).toEqual({ Ready: 'Complete', Complete: 'Complete', Finished: 'Complete' });
    expect(world.status.student?.uri).toBe('file:///data/student');
    expect(await world.writes()).toEqual([]);
  });

  it('that has not changed is not written', async () => {
    const world = await new SmallWorld().distilling();
    // That its units have been attempted is news.
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(await world.writes()).toEqual([]);
  });

  it('that is being deleted is left alone', async () => {
    const world = new SmallWorld({ metadata: { deletionTimestamp: '2026-03-01T12:00:00Z' } });
    expect(await world.writes()).toEqual([]);
  });

  it('that can not work says so, and has no pods', async () => {
    const world = new SmallWorld({ pod: { volumes: [{ name: 'data', emptyDir: {} }] } });
    expect(await world.writes()).toEqual(['status distillationjobs/mnist', 'event Failed']);
    expect(world.conditions).toEqual({
      Stalled: 'InvalidSpec',
      Failed: 'InvalidSpec',
      Finished: 'InvalidSpec',
    });
    expect(await world.writes()).toEqual([]);
    world.edit({});
    expect(await world.writes()).toContain('create jobs/mnist-p000-1');
    expect(world.status.phase).toBe('Pending');
  });
});

describe('what is decided on', () => {
  it('is nothing when the status was changed by somebody else meanwhile', async () => {
    const world = await new SmallWorld().distilling();
    world.edit({ spec: { suspend: true } });
    world.freezeCache();
    world.edit({});
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-u001-1', 'mnist-u000-1']);
  });

  it('is no copy that is older than what was written last', async () => {
    const world = new SmallWorld();
    world.freezeCache();
    await world.reconcile();
    const asked = world.cluster.requests.length;
    expect(await world.reconcile()).toBe(5);
    expect(world.cluster.requests.slice(asked)).toEqual([]);
  });

  it('has the Jobs that were just made, though the watch has not shown them', async () => {
    const world = await new SmallWorld().distilling();
    const { jobs } = world;
    for (const { metadata } of jobs.slice(1)) world.cluster.remove(kubeJobs, metadata.name ?? '');
    world.freezeCache();
    for (const job of jobs.slice(1)) world.cluster.put(kubeJobs, job);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});

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

describe('a job that is suspended', () => {
  it('has its unfinished Jobs removed, and is Suspended when no pod is seen any more', async () => {
    const world = await new SmallWorld().distilling();
    await world.clock.advance(10);
    world.run('Distill', 0);
    world.commit('Distill', 1);
    await world.reconcile();
    world.edit({ spec: { suspend: true } });
    expect(await world.writes()).toEqual(['status distillationjobs/mnist', 'delete jobs/mnist-u000-1']);
    expect(world.conditions).toEqual({ Reconciling: 'Stopping' });
    expect(await world.reconcile()).not.toBe(0);
    expect(world.conditions).toEqual({ Reconciling: 'Stopping' });
    world.removePods();
    expect(await world.reconcile()).toBeUndefined();
    expect(world.conditions).toEqual({ Suspended: 'Suspended' });
    world.edit({});
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event Distilling',
      'create jobs/mnist-u000-2',
    ]);
  });
});

describe('a Job that somebody deletes', () => {
  it('is followed by the next attempt when no pod of it can appear any more', async () => {
    const world = await new SmallWorld().distilling();
    world.removeJob('mnist-u000-1');
    expect(await world.reconcile()).toBe(10);
    expect(world.jobNames).not.toContain('mnist-u000-2');
    const late = world.pod({ status: podStatus.running() });
    await world.clock.advance(10);
    await world.reconcile();
    expect(world.jobNames).not.toContain('mnist-u000-2');
    world.cluster.remove(kubePods, late.metadata.name ?? '');
    expect(await world.writes()).toEqual(['status distillationjobs/mnist', 'create jobs/mnist-u000-2']);
  });

  it('counts for an operator that has just started, too, which only finds it missing', async () => {
    const world = await new SmallWorld().distilling();
    world.run('Distill', 0);
    await world.reconcile();
    world.removeJob('mnist-u000-1');
    world.removePods();
    world.restartOperator();
    expect(await world.reconcile()).toBe(10);
    expect(world.jobNames).not.toContain('mnist-u000-2');
    await world.clock.advance(10);
    expect(await world.writes()).toEqual(['create jobs/mnist-u000-2']);
  });

  it('keeps its job from being Suspended as long as a pod of it may appear', async () => {
    const world = await new SmallWorld().distilling();
    world.edit({ spec: { suspend: true } });
    world.removeJobs();
    expect(await world.reconcile()).toBe(10);
    expect(world.conditions).toEqual({ Reconciling: 'Stopping' });
    await world.clock.advance(10);
    await world.reconcile();
    expect(world.conditions).toEqual({ Suspended: 'Suspended' });
  });
});

it('removes no other Job that has come in the place of the one it means', async () => {
  const world = await new SmallWorld().distilling();
  world.edit({ spec: { suspend: true } });
  world.freezeCache();
  world.cluster.remove(kubeJobs, 'mnist-u000-1');
  world.cluster.put(kubeJobs, aKubeJob({ ownerUid: 'other' }));
  await world.reconcile();
  expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-u000-1']);
});

describe('a job that has ended', () => {
  it('creates nothing when its children vanish, its spec is edited or its operator is another', async () => {
    const world = await new SmallWorld().complete();
    const { status } = world;
    world.removeJobs();
    world.removePods();
    expect(await world.writes()).toEqual([]);
    world.edit({ spec: { retry: 1, backoffLimit: 9 }, pod: { image: 'other:2' } });
    world.restartOperator({ ...defaults, workerImage: 'other:3' });
    await world.reconcile();
    expect(world.jobNames).toEqual([]);
    expect(world.status).toEqual({ ...status, observedGeneration: 2 });
    expect(await world.writes()).toEqual([]);
  });

  it('is told again from its children when its status was emptied', async () => {
    const world = await new SmallWorld().complete();
    const names = world.jobNames;
    const { student, blocks } = world.status;
    world.emptyStatus();
    world.restartOperator();
    await world.reconcile();
    expect(world.status).toMatchObject({ phase: 'Complete', student, blocks });
    expect(world.jobNames).toEqual(names);
  });

  it('stays complete when its status was emptied and nothing of its children is left', async () => {
    const world = await new SmallWorld().complete();
    const { student, completionTime } = world.status;
    world.emptyStatus();
    world.removeJobs();
    world.removePods();
    world.restartOperator();
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event Complete',
      'event BlockDistilled',
      'event BlockDistilled',
    ]);
    expect(world.status).toMatchObject({ phase: 'Complete', student, completionTime });
    expect(world.status.blocks?.map(({ state }) => state)).toEqual(['Distilled', 'Distilled']);
  });

  it('keeps what ended it, though its Job is not complete yet', async () => {
    const world = await new SmallWorld().distilling();
    world.commit('Distill', 0);
    world.commit('Distill', 1);
    await world.reconcile();
    world.commit('Finetune');
    world.end({ stage: 'Finetune', index: 0, attempt: 1 }, undefined);
    await world.reconcile();
    expect(world.status.phase).toBe('Complete');
    expect(await world.writes()).toEqual([]);
    expect(world.jobNames).toContain('mnist-f000-1');
  });

  it('has its children removed when their time has come', async () => {
    const spec = { ttlSecondsAfterFinished: 100 };
    const world = await new SmallWorld({ spec }).complete();
    // It ended 95 s after the hour.
    expect(await world.reconcile()).toBe(195);
    await world.clock.advance(195);
    expect(await world.writes()).toEqual([
      'delete jobs/mnist-p000-1',
      'delete jobs/mnist-u001-1',
      'delete jobs/mnist-u000-1',
      'delete jobs/mnist-f000-1',
    ]);
    expect(await world.reconcile()).toBeUndefined();
    expect(world.status.phase).toBe('Complete');
  });

  it('has what still runs ended, until nothing does', async () => {
    const world = await new SmallWorld().distilling();
    world.run('Distill', 0);
    world.pod({ index: 1, status: podStatus.ended(64, { message: 'Bad.' }) });
    world.end({ stage: 'Distill', index: 1, attempt: 1 }, failed('PodFailurePolicy'));
    world.cluster.refuse(/^delete/, { httpStatus: 500, reason: 'InternalError' });
    await expect(world.reconcile()).rejects.toThrow('InternalError');
    expect(world.conditions).toMatchObject({ Failed: 'InvalidInput' });
    world.restartOperator();
    expect(await world.writes()).toEqual(['delete jobs/mnist-u000-1']);
  });

  it('has only what failed tried again when retry is raised', async () => {
    const world = await new SmallWorld().distilling();
    world.commit('Distill', 0);
    world.pod({ index: 1, status: podStatus.ended(64, { message: 'Bad.' }) });
    world.end({ stage: 'Distill', index: 1, attempt: 1 }, failed('PodFailurePolicy'));
    await world.reconcile();
    expect(world.conditions).toMatchObject({ Failed: 'InvalidInput' });
    expect(await world.writes()).toEqual([]);
    world.edit({ spec: { retry: 1 } });
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event Distilling',
      'create jobs/mnist-u001-2',
    ]);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist', 'event AttemptFailed']);
    expect(await world.writes()).toEqual([]);
  });
});

describe('what workers run', () => {
  it('is the image that prepare ran, also under a newer operator', async () => {
    const world = new SmallWorld({ pod: { image: 'blockstill/worker:1' } });
    await world.reconcile();
    world.commit('Prepare');
    world.restartOperator({ ...defaults, workerImage: 'blockstill/worker:2' });
    await world.reconcile();
    expect(imagesOf(world)).toEqual(['blockstill/worker:1', imageId, imageId]);
  });

  it('is another image when the user asks for one, on attempts that are yet to come', async () => {
    const world = new SmallWorld({ pod: { image: 'blockstill/worker:1' } });
    await world.distilling();
    world.commit('Distill', 0);
    world.commit('Distill', 1);
    world.edit({ pod: { image: 'blockstill/worker:2' } });
    await world.reconcile();
    expect(imagesOf(world).at(-1)).toBe('blockstill/worker:2');
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

it('goes on from what was accepted while an edit can not be followed', async () => {
  const world = await new SmallWorld().distilling();
  world.edit({ pod: { volumes: [{ name: 'data', hostPath: { path: '/srv' } }] } });
  await world.reconcile();
  expect(world.conditions).toEqual({ Reconciling: 'InvalidSpec' });
  world.commit('Distill', 0);
  world.commit('Distill', 1);
  await world.reconcile();
  expect(world.jobNames).not.toContain('mnist-f000-1');
  world.edit({});
  await world.reconcile();
  expect(world.jobNames).toContain('mnist-f000-1');
  expect(world.cluster.of(distillationJobs)).toHaveLength(1);
});

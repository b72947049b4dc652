import { describe, expect, it } from 'vitest';
import { kubeJobs } from './kube-objects.ts';
import { failed, podStatus } from './testing/children.ts';
import { defaults } from './testing/distillation-jobs.ts';
import { SmallWorld } from './testing/small-world.ts';

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

  it('that is tried again waits for pods that are yet to come, of Jobs that nobody saw go', async () => {
    const world = await new SmallWorld().distilling();
    world.run('Distill', 0);
    await world.reconcile();
    world.pod({ index: 1, status: podStatus.ended(64, { message: 'Bad.' }) });
    world.end({ stage: 'Distill', index: 1, attempt: 1 }, failed('PodFailurePolicy'));
    await world.reconcile();
    expect(world.status.phase).toBe('Failed');
    world.cluster.remove(kubeJobs, 'mnist-u000-1');
    world.removePods();
    world.restartOperator();
    world.edit({ spec: { retry: 1 } });
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-u001-1', 'mnist-u001-2']);
    await world.clock.advance(10);
    await world.reconcile();
    expect(world.jobNames).toContain('mnist-u000-2');
  });

  it('is not remembered: what a pod said is asked for anew when it is tried again', async () => {
    const world = await new SmallWorld().distilling();
    await world.clock.advance(100);
    world.commit('Distill', 0);
    world.pod({ index: 1, status: podStatus.ended(64, { message: 'Bad.' }) });
    world.end({ stage: 'Distill', index: 1, attempt: 1 }, failed('PodFailurePolicy'));
    await world.reconcile();
    await world.reconcile();
    world.removePods();
    world.edit({ spec: { retry: 1 } });
    await world.reconcile();
    // Of prepare's Job and of the one that had committed.
    expect(world.cluster.requests.filter((request) => request === 'list pods')).toHaveLength(2);
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

describe('a worker that failed', () => {
  it('is not forgotten when its pod is gone, nor when the operator is another', async () => {
    const world = new SmallWorld({ spec: { backoffLimit: 1 } });
    await world.reconcile();
    for (const attempt of [1, 2]) {
      world.pod({ stage: 'Prepare', attempt, status: podStatus.ended(1, { message: 'It broke.' }) });
      world.end({ stage: 'Prepare', index: 0, attempt }, failed());
      await world.reconcile();
      world.removePods();
      world.restartOperator();
      await world.reconcile();
      await world.clock.advance(120);
      await world.reconcile();
    }
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-p000-2']);
    expect(world.status.phase).toBe('Failed');
    const message = world.status.conditions?.find(({ type }) => type === 'Failed')?.message;
    expect(message).toContain('It broke.');
  });
});

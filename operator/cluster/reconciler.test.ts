import { describe, expect, it } from 'vitest';
import { distillationJobs, kubeJobs, kubePods } from './kube-objects.ts';
import { aKubeJob, imageId, podStatus } from './testing/children.ts';
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
    const world = new SmallWorld();
    await world.reconcile();
    world.commit('Prepare');
    world.freezeJobs();
    await world.reconcile();
    expect(world.jobNames).toHaveLength(3);
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1]);
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
    // Its Job goes with it, but might have been about to get another one.
    expect(await world.reconcile()).toBe(10);
    expect(world.conditions).toEqual({ Reconciling: 'Stopping' });
    await world.clock.advance(10);
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

it('is told to stand still before its pods have come: it does when none can come any more', async () => {
  const world = await new SmallWorld().distilling();
  world.edit({ spec: { suspend: true } });
  await world.reconcile();
  const seen: (string | undefined)[] = [];
  for (let second = 0; second < 15; second += 1) {
    await world.reconcile();
    if (world.status.phase !== seen.at(-1)) seen.push(world.status.phase);
    await world.clock.advance(1);
  }
  expect(seen).toEqual(['Distilling', 'Suspended']);
});

it('gives what was edited to units only when no pod of theirs with the old can come', async () => {
  const world = await new SmallWorld().distilling();
  world.edit({ pod: { tolerations: [{ operator: 'Exists' }] } });
  await world.reconcile();
  await world.reconcile();
  expect(world.jobNames).toEqual(['mnist-p000-1']);
  await world.clock.advance(10);
  await world.reconcile();
  expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-u001-2', 'mnist-u000-2']);
});

describe('a Job that somebody deletes', () => {
  it('is followed by the next attempt when no pod of it can appear any more', async () => {
    const world = await new SmallWorld().distilling();
    world.cluster.remove(kubeJobs, 'mnist-u000-1');
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
    world.cluster.remove(kubeJobs, 'mnist-u000-1');
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

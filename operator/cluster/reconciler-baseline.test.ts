import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { controllerRevisions, distillationJobs, kubeJobs } from './kube-objects.ts';
import { annotations, labels } from './names.ts';
import { failed, podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

const measuring = { execution: { baseline: { mode: 'Measure' } } };

/** A job that asks for a serial run, and is prepared. */
async function prepared(): Promise<SmallWorld> {
  const world = new SmallWorld({ spec: measuring });
  await world.reconcile();
  world.commit('Prepare');
  await world.reconcile();
  return world;
}

describe('a job that asks for a serial run', () => {
  it('makes it before its units, and measures against it', async () => {
    const world = await prepared();
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-b000-1']);
    const [, job] = world.jobs;
    expect(job?.metadata.labels?.[labels.stage]).toBe('baseline');
    // Who asks for the log of a block means the unit that is of use.
    expect(job?.metadata.annotations?.[annotations.blocks]).toBeUndefined();
    world.run('Baseline');
    expect(await world.writes()).toEqual(['status distillationjobs/mnist']);
    expect(world.status.baseline).toMatchObject({ state: 'Running', attempts: 1 });
    world.commit('Baseline');
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event BaselineKnown',
      'create jobs/mnist-u001-1',
      'create jobs/mnist-u000-1',
    ]);
    for (const index of [0, 1]) world.commit('Distill', index);
    await world.reconcile();
    world.commit('Finetune');
    await world.reconcile();
    expect(world.status).toMatchObject({ phase: 'Complete', speedup: { basis: 'Measured' } });
    const { workers = 0, balance = 0, workInflation = 0, value } = world.status.speedup ?? {};
    expect((workers * balance) / workInflation).toBeCloseTo(value ?? 0, 3);
  });

  it('goes on without one that fails for good', async () => {
    const world = new SmallWorld({ spec: { ...measuring, backoffLimit: 0 } });
    await world.reconcile();
    world.commit('Prepare');
    await world.reconcile();
    const at = { stage: 'Baseline', index: 0, attempt: 1 } as const;
    world.pod({ ...at, status: podStatus.ended(1, { message: 'It broke.' }) });
    world.end(at, failed());
    expect(await world.writes()).toEqual([
      'status distillationjobs/mnist',
      'event BaselineUnknown',
      'create jobs/mnist-u001-1',
      'create jobs/mnist-u000-1',
      'patch jobs/mnist-b000-1',
    ]);
    expect(world.status).toMatchObject({ phase: 'Distilling', baseline: { state: 'Unknown' } });
  });

  it('does not make it again after a restart, though its Job was deleted', async () => {
    const world = await prepared();
    world.commit('Baseline');
    await world.reconcile();
    const before = world.status.baseline;
    world.cluster.remove(kubeJobs, 'mnist-b000-1');
    world.removePods();
    world.restartOperator();
    await world.reconcile();
    await world.clock.advance(400);
    await world.reconcile();
    expect(world.jobNames.filter((name) => /-b\d/.test(name))).toEqual([]);
    expect(world.status.baseline).toEqual(before);
  });

  it('does not start two at a time when its Job was deleted a moment ago', async () => {
    const world = await prepared();
    world.run('Baseline');
    await world.reconcile();
    world.cluster.remove(kubeJobs, 'mnist-b000-1');
    // Its pod may be yet to come.
    world.removePods();
    world.restartOperator();
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1']);
    await world.clock.advance(400);
    await world.reconcile();
    expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-b000-2']);
  });
});

const oneAtATime = { execution: { maxParallel: 1 } };

/** Another job of the namespace, made by its own operator, that has ended with this status. */
async function put(
  world: SmallWorld,
  { name, spec = oneAtATime }: { readonly name: string; readonly spec?: Readonly<Record<string, unknown>> },
  change: Partial<DistillationJobStatus> = {},
) {
  const uid = `${name}-uid`;
  const own = new SmallWorld({ spec });
  await own.reconcile();
  own.commit('Prepare');
  await own.reconcile();
  const status: DistillationJobStatus = {
    phase: 'Complete',
    blocks: [{ name: 'conv_1', layers: 'conv_1', state: 'Distilled', attempts: 1 }],
    speedup: { workers: 1, parallelSeconds: 500, balance: 1, devices: ['A100'] },
    ...change,
  };
  world.cluster.put(distillationJobs, {
    ...own.object,
    metadata: { ...own.object.metadata, name, uid },
    status,
  });
  for (const revision of own.cluster.of(controllerRevisions)) {
    const suffix = revision.metadata.name?.split('-').slice(-1)[0] ?? '';
    world.cluster.put(controllerRevisions, {
      ...revision,
      metadata: {
        ...revision.metadata,
        name: `${name}-${suffix}`,
        uid: `${name}-${suffix}-uid`,
        labels: { ...revision.metadata.labels, [labels.jobUid]: uid },
        ownerReferences: [{ apiVersion: 'a/v1', kind: 'DistillationJob', name, uid, controller: true }],
      },
    });
  }
}

async function completed(jobName: string, others: (world: SmallWorld) => Promise<void>): Promise<SmallWorld> {
  const world = new SmallWorld({ spec: { execution: { baseline: { mode: 'Job', jobName } } } });
  await others(world);
  await world.complete();
  return world;
}

describe('a job that names another as its baseline', () => {
  it('takes its figures when it ends, and keeps them when the other one is deleted', async () => {
    const world = await completed('serial', async (each) => await put(each, { name: 'serial' }));
    expect(world.status.baseline).toMatchObject({ state: 'Known', jobUid: 'serial-uid', seconds: 500 });
    expect(world.status.speedup).toMatchObject({ basis: 'Measured', serialSeconds: 500 });
    const before = world.status;
    world.cluster.remove(distillationJobs, 'serial');
    world.edit({
      spec: { execution: { baseline: { mode: 'Job', jobName: 'serial' } }, ttlSecondsAfterFinished: 9 },
    });
    await world.reconcile();
    expect(world.status.speedup).toEqual(before.speedup);
    expect(world.status.baseline).toEqual(before.baseline);
  });

  it('takes them though the other one was not complete when its plan was made', async () => {
    const world = new SmallWorld({ spec: { execution: { baseline: { mode: 'Job', jobName: 'serial' } } } });
    await put(world, { name: 'serial' }, { phase: 'Finetuning' });
    await world.distilling();
    expect(world.status.baseline).toMatchObject({
      state: 'Pending',
      reason: 'The job serial is not complete (Finetuning).',
    });
    await put(world, { name: 'serial' });
    for (const index of [0, 1]) world.commit('Distill', index);
    await world.reconcile();
    world.commit('Finetune');
    await world.reconcile();
    expect(world.status.baseline?.state).toBe('Known');
  });

  it.each<{
    of: string;
    jobName: string;
    spec?: Readonly<Record<string, unknown>>;
    change?: Partial<DistillationJobStatus>;
    reason: string;
  }>([
    { of: 'that is not there', jobName: 'none', reason: 'There is no DistillationJob none' },
    { of: 'that is itself', jobName: 'mnist', reason: 'this job itself' },
    {
      of: 'on another model of GPU',
      jobName: 'serial',
      change: { speedup: { workers: 1, parallelSeconds: 500, balance: 1, devices: ['H100'] } },
      reason: 'the GPU model differs (A100 here, H100 there)',
    },
    {
      of: 'that is packed in another way',
      jobName: 'serial',
      spec: { execution: { maxParallel: 1, packing: 'Auto' } },
      reason: 'the packing differs (PerBlock here, Auto there)',
    },
    {
      of: 'that caches nothing',
      jobName: 'serial',
      spec: { execution: { maxParallel: 1, activationCache: { mode: 'Recompute' } } },
      reason: 'the activation cache differs',
    },
    {
      of: 'with more processors',
      jobName: 'serial',
      spec: { ...oneAtATime, resources: { cpu: '7' } },
      reason: 'what a unit may use differs',
    },
    {
      of: 'that was not serial',
      jobName: 'serial',
      change: { speedup: { workers: 2, parallelSeconds: 500, balance: 1, devices: ['A100'] } },
      reason: '2 of its units ran at once',
    },
  ])('completes without one $of, and says why', async ({ jobName, spec, change, reason }) => {
    const world = await completed(
      jobName,
      async (each) => await put(each, { name: 'serial', ...(spec === undefined ? {} : { spec }) }, change),
    );
    expect(world.status).toMatchObject({
      phase: 'Complete',
      baseline: { state: 'Unknown', jobName },
      speedup: { basis: 'Estimated' },
    });
    expect(world.status.speedup?.reason).toContain(reason);
    expect(world.cluster.requests).toContain('event BaselineUnknown');
  });

  it('is never looked at where a job names none', async () => {
    const world = await new SmallWorld().complete();
    expect(world.cluster.requests).not.toContain('list distillationjobs');
  });
});

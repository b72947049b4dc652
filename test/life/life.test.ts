import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs, pods } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { complain } from './complain.ts';
import {
  allOnce,
  conditionsOf,
  createPoorNamespace,
  isOver,
  namespace,
  startOperatorWorld,
  waitingMessage,
  type OperatorWorld,
} from './operator-world.ts';

describe.skipIf(cannotRun('The life of jobs', await whyNoControlPlane()))('a job in a cluster', () => {
  const held = new AsyncDisposableStack();
  let world: OperatorWorld;

  beforeAll(async () => {
    world = held.use(await startOperatorWorld({ gpus: 40 }));
    held.use(await world.startOperator(['--worker-image', 'example.dev/worker:1']));
  });
  afterAll(async () => await held.disposeAsync());

  const running = async (name: string, count: number): Promise<unknown> =>
    await waitFor(`${count} pods of ${name} that run`, async () => {
      const all = await world.podsOf(name);
      return all.filter(({ status }) => status?.phase === 'Running').length === count ? true : undefined;
    });
  /** Times in a cluster are whole seconds: what took less took none that could be measured. */
  const twoSecondsOf = async (name: string, pod: RegExp): Promise<unknown> =>
    await waitFor(`two seconds of ${name}`, async () => {
      const started = (await world.podsOf(name)).filter(
        ({ metadata, status }) => pod.test(metadata.name ?? '') && status?.phase === 'Running',
      );
      const times = started.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? ''));
      return times.some((time) => Date.now() - time > 2000) ? true : undefined;
    });

  test('goes from prepare over its blocks to finetune, each trained once', async () => {
    await world.create('plain');
    const status = await world.until('plain', 'to end', isOver);
    expect(conditionsOf(status)).toEqual([
      'Ready=True:Complete',
      'Complete=True:Complete',
      'Finished=True:Complete',
    ]);
    expect(status.blocks?.map(({ name, state, replaced }) => ({ name, state, replaced }))).toEqual(
      ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'].map((name) => ({
        name,
        state: 'Distilled',
        replaced: true,
      })),
    );
    expect(await world.trainings('plain')).toEqual(allOnce);
    const names = (await world.jobsOf('plain')).map(({ metadata }) => metadata.name);
    expect(names.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'plain-f000-1',
      'plain-p000-1',
      'plain-u000-1',
      'plain-u001-1',
      'plain-u002-1',
      'plain-u003-1',
      'plain-u004-1',
    ]);
    await world.kubectl([
      'wait',
      '-n',
      namespace,
      '--for=condition=Finished',
      'distill/plain',
      '--timeout=5s',
    ]);
  });

  test('has no more than maxParallel units at once', async () => {
    const waits = Object.fromEntries(
      Object.keys(allOnce).map((unit) => [unit, unit.startsWith('unit') ? ['Waits' as const] : []]),
    );
    await world.create('narrow', { spec: { execution: { maxParallel: 2 } }, parts: waits });
    await running('narrow', 2);
    const distill = (await world.jobsOf('narrow')).filter(({ metadata }) => /-u\d/.test(metadata.name ?? ''));
    expect(distill).toHaveLength(2);
    await world.edit('narrow', { spec: { execution: { maxParallel: 5 } } });
    await running('narrow', 5);
    world.letGo('narrow');
    await world.until('narrow', 'to end', isOver);
  });

  test.each([
    ['prepare', 'p000-1'],
    ['unit-000', 'u000-1'],
    ['finetune', 'f000-1'],
  ] as const)('can be suspended while %s runs, and goes on from there', async (unit, attempt) => {
    const name = `paused-${attempt.slice(0, 4)}`;
    await world.create(name, { parts: { [unit]: ['Waits'] } });
    await waitFor('only that unit to be left', async () => {
      const open = (await world.jobsOf(name)).filter(
        ({ status }) => !status?.conditions?.some(({ type }) => type === 'Complete'),
      );
      const isAlone = open.length === 1 && open[0]?.metadata.name === `${name}-${attempt}`;
      return isAlone ? true : undefined;
    });
    await running(name, 1);
    await world.edit(name, { spec: { suspend: true } });
    const suspended = await world.until(name, 'to be suspended', ({ phase }) => phase === 'Suspended');
    expect(conditionsOf(suspended)).toEqual(['Ready=Unknown:Suspended', 'Suspended=True:Suspended']);
    expect((await world.podsOf(name)).filter(({ status }) => status?.phase === 'Running')).toEqual([]);
    world.letGo(name);
    await world.edit(name, { spec: { suspend: false } });
    const status = await world.until(name, 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(status.suspensions).toHaveLength(1);
    expect(await world.trainings(name)).toEqual(allOnce);
  });

  test('makes a serial run before its units where one is asked for, and measures against it', async () => {
    const spec = { execution: { baseline: { mode: 'Measure' } } };
    const waits = { baseline: ['Waits'], 'unit-000': ['Waits'] } as const;
    await world.create('measured', { spec, parts: waits });
    await world.until('measured', 'to say so', ({ baseline }) => baseline?.state === 'Running');
    const names = async (): Promise<string[]> =>
      (await world.jobsOf('measured'))
        .map(({ metadata }) => metadata.name ?? '')
        .toSorted((a, b) => a.localeCompare(b));
    await twoSecondsOf('measured', /-b000-/);
    expect(await names()).toEqual(['measured-b000-1', 'measured-p000-1']);
    world.letGo('measured', 'baseline');
    await twoSecondsOf('measured', /-u000-/);
    world.letGo('measured');
    const status = await world.until('measured', 'to end', isOver);
    expect(await names()).toHaveLength(8);
    expect(await world.trainings('measured')).toEqual({ ...allOnce, baseline: 1 });
    expect(status).toMatchObject({
      phase: 'Complete',
      baseline: { mode: 'Measure', state: 'Known', attempts: 1 },
      speedup: { basis: 'Measured', serialSeconds: status.baseline?.seconds },
    });
  });

  test('says why another job can not stand for its serial run', async () => {
    await world.create('other');
    await world.until('other', 'to end', isOver);
    await world.create('compared', { spec: { execution: { baseline: { mode: 'Job', jobName: 'other' } } } });
    const { phase, baseline, speedup } = await world.until('compared', 'to end', isOver);
    expect([phase, baseline?.state]).toEqual(['Complete', 'Unknown']);
    // Of the same teacher, data, spec, precision and device: but it was not serial.
    expect(baseline?.reason).toMatch(/^The job other is no baseline: /);
    expect(speedup?.reason).toContain(baseline?.reason ?? '');
  });

  test('goes on when its serial run has failed for good', async () => {
    const spec = { backoffLimit: 0, execution: { baseline: { mode: 'Measure' } } };
    await world.create('unmeasured', { spec, parts: { baseline: ['Fails'] } });
    const status = await world.until('unmeasured', 'to end', isOver);
    expect(status).toMatchObject({ phase: 'Complete', baseline: { state: 'Unknown', attempts: 1 } });
    expect(status.speedup?.reason).toContain('The serial run to measure against failed for good');
    expect(await world.trainings('unmeasured')).toEqual(allOnce);
  });

  test('waits for quota, and says so', async () => {
    await createPoorNamespace(world, 'poor', { 'count/jobs.batch': '0' });
    await world.create('poor', { namespace: 'poor' });
    expect(await waitingMessage(world, 'poor', 'QuotaExceeded')).toContain(
      'poor-p000-1 waits for quota of the namespace',
    );
    await world.kubectl(['delete', 'quota', 'none', '-n', 'poor']);
    await world.kubectl(['wait', '-n', 'poor', '--for=condition=Complete', 'distill/poor', '--timeout=60s']);
  });

  test('waits for quota of pods, of which only an event of its Job tells', async () => {
    await createPoorNamespace(world, 'podless', { pods: '0' });
    await world.create('podless', { namespace: 'podless' });
    expect(await waitingMessage(world, 'podless', 'QuotaExceeded')).toMatch(
      /^prepare waits for quota of the namespace: .*exceeded quota: none/,
    );
  });

  test('waits for a volume that can not be mounted, of which only an event of its pod tells', async () => {
    const where = 'unmounted';
    await world.controlPlane.createNamespace(where);
    await world.create(where, { namespace: where, parts: { prepare: ['Unmounted'] } });
    const pod = await waitFor('its pod', async () => {
      const { items } = await world.client.list(pods, { namespace: where });
      return items[0];
    });
    const message = 'MountVolume.SetUp failed for volume "keys" : secret "s3" not found';
    await complain(world.client, pod, { reason: 'FailedMount', message });
    expect(await waitingMessage(world, where, 'WaitingForVolume')).toContain(
      `prepare waits for a volume: ${message}. Check the claims, Secrets and ConfigMaps that spec.pod, spec.storage or the operator's defaults name.`,
    );
    await world.kubectl(['delete', 'distill', where, '-n', where, '--timeout=30s']);
  });

  test('goes with its namespace', async () => {
    await world.controlPlane.createNamespace('doomed');
    await world.create('doomed', { namespace: 'doomed', parts: { 'unit-000': ['Waits'] } });
    await waitFor('its units', async () =>
      (await world.client.list(jobs, { namespace: 'doomed' })).items.length === 6 ? true : undefined,
    );
    const said = await world.kubectl(['delete', 'namespace', 'doomed', '--timeout=60s']);
    expect(said).toContain('"doomed" deleted');
    world.letGo('doomed');
  });

  test('takes all its children with it when it is deleted', async () => {
    await world.create('deleted', { parts: { 'unit-000': ['Waits'] } });
    await running('deleted', 1);
    await world.kubectl(['delete', 'distill', 'deleted', '-n', namespace, '--timeout=30s']);
    const left = await waitFor('its children to be gone', async () => {
      const selection = { namespace, labelSelector: 'blockstill.dev/job-name=deleted' };
      const children = await world.client.list(jobs, selection);
      const own = await world.client.list(pods, selection);
      return children.items.length + own.items.length === 0 ? [children, own] : undefined;
    });
    expect(left.map(({ items }) => items)).toEqual([[], []]);
    world.letGo('deleted');
  });

  test('is ended by its deadline, with everything that runs', async () => {
    await world.create('late', { spec: { activeDeadlineSeconds: 2 }, parts: { 'unit-000': ['Waits'] } });
    const status = await world.until('late', 'to fail', isOver);
    expect(conditionsOf(status)[0]).toBe('Ready=False:DeadlineExceeded');
    await running('late', 0);
    world.letGo('late');
  });

  test('clears its children away after its time to live, and stays itself', async () => {
    await world.create('tidy', { spec: { ttlSecondsAfterFinished: 1 } });
    await world.until('tidy', 'to end', isOver);
    await waitFor('its children to be gone', async () =>
      (await world.jobsOf('tidy')).length === 0 ? true : undefined,
    );
    expect((await world.get('tidy')).status?.phase).toBe('Complete');
  });
});

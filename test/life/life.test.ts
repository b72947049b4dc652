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
  foreignJob,
  isOver,
  namespace,
  startOperatorWorld,
  waitingMessage,
  type OperatorWorld,
  type Part,
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
  const failingOf = (count: number): Part[] => Array.from({ length: count }, () => 'Fails');

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

  test('fails when a block has failed for good, and tries that block alone again when it is asked to', async () => {
    await world.create('broken', { spec: { backoffLimit: 0 }, parts: { 'unit-003': ['Fails'] } });
    const failed = await world.until('broken', 'to fail', isOver);
    expect(conditionsOf(failed)).toEqual([
      'Ready=False:UnitFailed',
      'Stalled=True:UnitFailed',
      'Failed=True:UnitFailed',
      'Finished=True:UnitFailed',
    ]);
    expect(failed.conditions?.[0]?.message).toContain('Block conv4 failed for good: ');
    await world.edit('broken', { spec: { retry: 1 } });
    const status = await world.until('broken', 'to be complete', ({ phase }) => phase === 'Complete');
    expect(status.retry).toBe(1);
    expect(await world.trainings('broken')).toEqual(allOnce);
    expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 2, 1]);
  });

  test('keeps the layer of the teacher where a block failed and the manifest allows it', async () => {
    const spec = { backoffLimit: 0, distill: { onUnitFailure: 'KeepTeacher' } };
    await world.create('kept', { spec, parts: { 'unit-003': ['Fails'] } });
    const status = await world.until('kept', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(status.blocks?.map(({ state }) => state)).toEqual([
      'Distilled',
      'Distilled',
      'Distilled',
      'Failed',
      'Distilled',
    ]);
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

  test('fails at once for bad input, with what the worker says', async () => {
    await world.create('wrong', { parts: { prepare: ['InvalidInput'] } });
    const status = await world.until('wrong', 'to fail', isOver);
    expect(conditionsOf(status)[0]).toBe('Ready=False:InvalidInput');
    expect((await world.jobsOf('wrong')).map(({ metadata }) => metadata.name)).toEqual(['wrong-p000-1']);
  });

  test.each(['Evicted', 'Preempted', 'Interrupted', 'DeletedAfterSuccess'] as const)(
    'survives that a pod is %s, in the same attempt or by asking again',
    async (part) => {
      const name = part.toLowerCase();
      await world.create(name, { spec: { backoffLimit: 0 }, parts: { 'unit-001': [part] } });
      const status = await world.until(name, 'to end', isOver);
      expect(status.phase).toBe('Complete');
      expect(await world.trainings(name)).toEqual(allOnce);
    },
  );

  test.each(['AdmissionError', 'MessageLost', 'OutOfMemory'] as const)(
    'makes another attempt after %s, which trains nothing that is committed',
    async (part) => {
      const name = part.toLowerCase();
      const backoffLimit = part === 'OutOfMemory' ? 1 : 0;
      await world.create(name, { spec: { backoffLimit }, parts: { 'unit-001': [part] } });
      const status = await world.until(name, 'to end', isOver);
      expect(status.phase).toBe('Complete');
      expect(await world.trainings(name)).toEqual(allOnce);
      expect(status.blocks?.[1]?.attempts).toBe(2);
    },
  );

  test('says that it waits for an image that can not be pulled', async () => {
    await world.create('unpulled', { parts: { prepare: ['ImagePullBackOff'] } });
    const status = await world.until('unpulled', 'to wait for its image', (now) =>
      conditionsOf(now).includes('Reconciling=True:WaitingForImage'),
    );
    expect(status.phase).toBe('Pending');
    expect((await world.until('unpulled', 'to end', isOver)).phase).toBe('Complete');
  });

  test('makes another attempt when somebody deletes a Job', async () => {
    await world.create('robbed', { parts: { 'unit-002': ['Waits'] } });
    const name = 'robbed-u002-1';
    await waitFor('the Job', async () => await world.client.get(jobs, { namespace, name }));
    await running('robbed', 1);
    const deletedAt = Date.now();
    await world.client.delete(jobs, { namespace, name }, { propagation: 'Background' });
    const status = await world.until('robbed', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(await world.trainings('robbed')).toEqual(allOnce);
    // Its controller may have made another pod for the first one until then. The server's times are whole seconds.
    const next = await world.client.get(jobs, { namespace, name: 'robbed-u002-2' });
    const createdAt = Date.parse(next?.metadata.creationTimestamp ?? '');
    expect(createdAt - deletedAt).toBeGreaterThan(8500);
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
      `prepare waits for a volume: ${message}. Check the claims, Secrets and ConfigMaps that spec.pod and spec.storage name.`,
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

  test('fails when it could not work, and goes on when that is mended', async () => {
    const volume = { name: 'data', hostPath: { path: '/srv' } };
    const pod = { volumes: [volume], volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    await world.create('barred', { spec: { pod } });
    const status = await world.until('barred', 'to fail', isOver);
    expect(conditionsOf(status)[0]).toBe('Ready=False:InvalidSpec');
    expect(status.conditions?.[0]?.message).toContain('--allow-host-volumes');
    const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data' }, hostPath: null };
    await world.edit('barred', { spec: { pod: { volumes: [claim] } } });
    await world.until('barred', 'to be complete', ({ phase }) => phase === 'Complete');
  });

  test('builds its status anew when somebody empties it', async () => {
    await world.create('emptied', { parts: { finetune: ['Waits'] } });
    await world.until('emptied', 'to fine-tune', ({ phase }) => phase === 'Finetuning');
    await world.kubectl([
      'patch',
      'distill',
      'emptied',
      '-n',
      namespace,
      '--subresource=status',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/status","value":{}}]',
    ]);
    const status = await world.until(
      'emptied',
      'to be described again',
      ({ blocks: known }) => known?.length === 5,
    );
    expect(status.blocks?.every(({ state }) => state === 'Distilled')).toBe(true);
    world.letGo('emptied');
    await world.until('emptied', 'to end', isOver);
    expect(await world.trainings('emptied')).toEqual(allOnce);
  });

  test('leaves a Job alone that has the name it needs, and says so', async () => {
    await world.kubectl(['apply', '-f', '-'], foreignJob('taken-p000-1'));
    await world.create('taken');
    await world.until('taken', 'to wait', (status) =>
      conditionsOf(status).includes('Reconciling=True:NameTaken'),
    );
    await world.kubectl(['delete', 'job', 'taken-p000-1', '-n', namespace]);
    expect((await world.until('taken', 'to end', isOver)).phase).toBe('Complete');
  });

  test('gives what the user has mended to an attempt that has not begun', async () => {
    await world.create('mistyped', { parts: { prepare: ['ImagePullBackOff'] } });
    await world.until('mistyped', 'to wait', (status) =>
      conditionsOf(status).includes('Reconciling=True:WaitingForImage'),
    );
    await world.edit('mistyped', { spec: { pod: { image: 'example.dev/worker:right' } } });
    const status = await world.until('mistyped', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    const images = (await world.jobsOf('mistyped')).map(
      ({ spec }) => spec.template.spec.containers[0]?.image,
    );
    expect([...new Set(images)]).toEqual(['example.dev/worker:right']);
  });

  test('believes no pod that it did not ask for', async () => {
    await world.create('victim', { parts: { 'unit-000': ['Waits'] } });
    await world.create('twin');
    await world.until('twin', 'to end', isOver);
    await running('victim', 1);
    const [model] = (await world.podsOf('twin')).filter(({ metadata }) => metadata.name?.includes('-f000'));
    const labels = { ...model?.metadata.labels, 'blockstill.dev/job-name': 'victim' };
    const { uid = '' } = (await world.get('victim')).metadata;
    for (const where of [namespace, 'default']) {
      const forged = {
        metadata: {
          name: 'forged',
          namespace: where,
          labels: { ...labels, 'blockstill.dev/job-uid': uid, 'blockstill.dev/stage': 'finetune' },
        },
        spec: { restartPolicy: 'Never', containers: [{ name: 'worker', image: 'a' }] },
      };
      await world.client.create(pods, forged as object as never);
    }
    world.letGo('victim');
    const status = await world.until('victim', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(await world.trainings('victim')).toEqual(allOnce);
    for (const where of [namespace, 'default']) {
      await world.client.delete(pods, { namespace: where, name: 'forged' }, { gracePeriodSeconds: 0 });
    }
  });

  test('forgives the failures before an edit of what pods are given', async () => {
    await world.create('mended', { spec: { backoffLimit: 1 }, parts: { prepare: failingOf(1) } });
    await waitFor('the first attempt to fail', async () =>
      (await world.jobsOf('mended')).some(({ status }) =>
        status?.conditions?.some(({ type }) => type === 'Failed'),
      )
        ? true
        : undefined,
    );
    await world.edit('mended', { spec: { resources: { memory: '4Gi' } } });
    await world.until('mended', 'to end', isOver);
    const all = await world.jobsOf('mended');
    const memory = all.map(({ metadata, spec }) => [
      metadata.name,
      spec.template.spec.containers[0]?.resources?.limits?.['memory'],
    ]);
    expect(memory).toContainEqual(['mended-p000-1', undefined]);
    expect(memory).toContainEqual(['mended-p000-2', '4Gi']);
  });
});

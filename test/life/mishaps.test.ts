import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs, pods } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import {
  allOnce,
  conditionsOf,
  foreignJob,
  isOver,
  namespace,
  startOperatorWorld,
  type OperatorWorld,
  type Part,
} from './operator-world.ts';

describe.skipIf(cannotRun('The life of jobs', await whyNoControlPlane()))('a job in trouble', () => {
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
  const failingOf = (count: number): Part[] => Array.from({ length: count }, () => 'Fails');

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

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobs, pods } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { allOnce, isOver, namespace, startOperatorWorld, type OperatorWorld } from './operator-world.ts';

describe.skipIf(cannotRun('Operators that come and go', await whyNoControlPlane()))(
  'when the operator goes',
  () => {
    const held = new AsyncDisposableStack();
    let world: OperatorWorld;

    beforeAll(async () => {
      world = held.use(await startOperatorWorld({ gpus: 40 }));
    });
    afterAll(async () => await held.disposeAsync());

    const imagesOf = async (name: string): Promise<Record<string, string | undefined>> =>
      Object.fromEntries(
        (await world.jobsOf(name)).map(({ metadata, spec }) => [
          metadata.name,
          spec.template.spec.containers[0]?.image,
        ]),
      );

    test('an upgrade with another default image changes nothing of a job that has begun', async () => {
      await using first = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      await world.create('upgraded', {
        spec: { execution: { maxParallel: 1 } },
        parts: {
          'unit-000': ['Waits'],
          'unit-001': ['Waits'],
          'unit-002': ['Waits'],
          'unit-003': ['Waits'],
          'unit-004': ['Waits'],
        },
      });
      await waitFor('the first unit', async () =>
        (await world.jobsOf('upgraded')).length === 2 ? true : undefined,
      );
      first.kill('SIGTERM');
      expect(await first.ended).toBe(0);
      await using _second = await world.startOperator(['--worker-image', 'example.dev/worker:2']);
      world.letGo('upgraded');
      const status = await world.until('upgraded', 'to end', isOver);
      expect(status.phase).toBe('Complete');
      expect([...new Set(Object.values(await imagesOf('upgraded')))]).toEqual(['example.dev/worker:1']);
      expect(await world.trainings('upgraded')).toEqual(allOnce);
      await world.create('later');
      await world.until('later', 'to end', isOver);
      expect([...new Set(Object.values(await imagesOf('later')))]).toEqual(['example.dev/worker:2']);
    });

    test('a pod that succeeds and is deleted meanwhile is asked again, not trained again', async () => {
      const first = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      await world.create('unseen', { parts: { 'unit-004': ['Waits'] } });
      const name = 'unseen-u004-1';
      const jobReference = { namespace, name };
      await waitFor('the unit', async () => await world.client.get(jobs, jobReference));
      first.kill('SIGKILL');
      await first.ended;
      world.letGo('unseen');
      await waitFor('the Job to be complete', async () => {
        const { status } = (await world.client.get(jobs, jobReference)) ?? {};
        return status?.conditions?.some(({ type }) => type === 'Complete') ? true : undefined;
      });
      for (const { metadata } of await world.podsOf('unseen')) {
        if (
          metadata.labels?.['job-name'] !== name &&
          metadata.labels?.['batch.kubernetes.io/job-name'] !== name
        )
          continue;
        await world.client.delete(pods, { namespace, name: metadata.name ?? '' }, { gracePeriodSeconds: 0 });
      }
      await using _second = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      const status = await world.until('unseen', 'to end', isOver);
      expect(status.phase).toBe('Complete');
      expect(await world.trainings('unseen')).toEqual(allOnce);
      expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 2]);
    });

    test('results outlive all pods, as when a cluster gives its nodes back', async () => {
      const first = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      await world.create('shrunk', { parts: { 'unit-000': ['Waits'] } });
      const noted = 'blockstill.dev/result';
      await waitFor('all other results to be noted down', async () => {
        const all = await world.jobsOf('shrunk');
        return all.filter(({ metadata }) => metadata.annotations?.[noted] !== undefined).length === 5
          ? true
          : undefined;
      });
      first.kill('SIGKILL');
      await first.ended;
      for (const { metadata, status } of await world.podsOf('shrunk')) {
        if (status?.phase !== 'Succeeded') continue;
        await world.client.delete(pods, { namespace, name: metadata.name ?? '' }, { gracePeriodSeconds: 0 });
      }
      await using _second = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      world.letGo('shrunk');
      const status = await world.until('shrunk', 'to end', isOver);
      expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
      expect(await world.trainings('shrunk')).toEqual(allOnce);
    });

    test('it looks after the namespaces that it was told, and no others', async () => {
      await world.controlPlane.createNamespace('others');
      await using operator = await world.startOperator([
        '--worker-image',
        'example.dev/worker:1',
        '--namespace',
        namespace,
      ]);
      await operator.logged('The cluster is listed');
      await world.create('elsewhere', { namespace: 'others' });
      await world.create('here');
      await world.until('here', 'to end', isOver);
      const status = await world.kubectl([
        'get',
        'distill',
        'elsewhere',
        '-n',
        'others',
        '-o',
        'jsonpath={.status}',
      ]);
      expect(JSON.parse(status)).toEqual({ observedGeneration: -1 });
    });

    test('claims decide whether pods go to one node, and a claim for one pod is refused', async () => {
      await using _operator = await world.startOperator(['--worker-image', 'example.dev/worker:1']);
      const claim = (name: string, mode: string) => ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace },
        spec: { accessModes: [mode], resources: { requests: { storage: '1Gi' } } },
      });
      const list = {
        apiVersion: 'v1',
        kind: 'List',
        items: [claim('single', 'ReadWriteOnce'), claim('alone', 'ReadWriteOncePod')],
      };
      await world.kubectl(['apply', '-f', '-'], JSON.stringify(list));
      const podWith = (claimName: string) => ({
        pod: {
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      });
      await world.create('one-node', { spec: podWith('single') });
      const status = await world.until('one-node', 'to end', isOver);
      expect(status.conditions?.find(({ type }) => type === 'SingleNode')?.message).toContain(
        'single is ReadWriteOnce',
      );
      const path =
        'jsonpath={.spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey}';
      expect(await world.kubectl(['get', 'job', 'one-node-u000-1', '-n', namespace, '-o', path])).toBe(
        'kubernetes.io/hostname',
      );
      await world.create('one-pod', { spec: podWith('alone') });
      const refused = await world.until('one-pod', 'to fail', isOver);
      expect(refused.conditions?.[0]).toMatchObject({
        type: 'Ready',
        status: 'False',
        reason: 'InvalidSpec',
      });
      expect(refused.conditions?.[0]?.message).toContain('alone is ReadWriteOncePod');
    });
  },
);

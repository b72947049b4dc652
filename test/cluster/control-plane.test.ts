import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cannotRun } from './cannot-run.ts';
import { startControlPlane, whyNoControlPlane, type ControlPlane } from './control-plane.ts';
import { kubectl } from './kubectl.ts';
import { waitFor } from './wait-for.ts';

describe.skipIf(cannotRun('A control plane without a node', await whyNoControlPlane()))(
  'a control plane without a node',
  () => {
    const held = new AsyncDisposableStack();
    let controlPlane: ControlPlane;

    beforeAll(async () => {
      controlPlane = held.use(await startControlPlane());
      await controlPlane.createNamespace('test');
    });
    afterAll(async () => await held.disposeAsync());

    const run = async (...words: string[]) =>
      await kubectl(controlPlane.kubeconfig, ['--namespace', 'test', ...words]);
    const podCount = async () => (await run('get', 'pods', '-o', 'name')).split('\n').filter(Boolean).length;
    const createJob = async (name: string) =>
      await run('create', 'job', name, '--image=example.invalid/nothing');

    test('makes a pod for a Job, and collects it with its Job', async () => {
      await createJob('first');
      await waitFor('a pod', async () => ((await podCount()) === 1 ? true : undefined));
      await run('delete', 'job', 'first', '--cascade=foreground');
      expect(await podCount()).toBe(0);
    });

    test('works on after its controller manager was killed', async () => {
      await controlPlane.restartControllerManager();
      await createJob('second');
      await waitFor('a pod', async () => ((await podCount()) > 0 ? true : undefined));
      expect(await podCount()).toBe(1);
    });

    test('waits while etcd stands still, and loses nothing', async () => {
      controlPlane.apiServer.pauseEtcd();
      const create = run('create', 'configmap', 'late', '--request-timeout=50s');
      await expect(run('get', 'configmap', 'late', '--request-timeout=1s')).rejects.toThrow(
        /deadline|timeout/i,
      );
      controlPlane.apiServer.resumeEtcd();
      await create;
      expect(await run('get', 'configmap', 'late', '-o', 'name')).toContain('late');
    });
  },
);

import { describe, expect, test } from 'vitest';
import { startApiServer } from '../cluster/api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { whyNoApiServer } from '../cluster/requirements.ts';

describe.skipIf(cannotRun('The API-server suite', await whyNoApiServer()))('an API server for tests', () => {
  test('is killed and started again with all its objects', async () => {
    await using server = await startApiServer();
    await kubectl(server.kubeconfig, ['create', 'namespace', 'kept']);
    await server.stop();
    const get = ['get', 'namespace', 'kept', '-o', 'name'];
    await expect(kubectl(server.kubeconfig, get)).rejects.toThrow('connection');
    await server.start();
    expect((await kubectl(server.kubeconfig, get)).trim()).toBe('namespace/kept');
  });

  test('does not disturb another one', async () => {
    await using first = await startApiServer();
    await using second = await startApiServer();
    await kubectl(first.kubeconfig, ['create', 'namespace', 'mine']);
    await expect(kubectl(second.kubeconfig, ['get', 'namespace', 'mine'])).rejects.toThrow('NotFound');
  });
});

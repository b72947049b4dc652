import { describe, expect, test } from 'vitest';
import type { BlockstillError } from '../../common/error.ts';
import { isExpired } from '../../operator/kube/api-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { listWatch, Reflector } from '../../operator/kube/reflector.ts';
import { keyOf, type StoredObject } from '../../operator/kube/store.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoApiServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { configMaps, openClient, type ConfigMap } from './open-client.ts';

interface Kept extends StoredObject {
  readonly value: string | undefined;
}

/** Made by the API server itself. */
const namespace = 'default';

/** What a reflector of the labelled ConfigMaps keeps and hears; it runs until it is disposed of. */
function follow(kubeconfig: string) {
  const client = openClient(kubeconfig);
  const controller = new AbortController();
  const changes: string[] = [];
  const problems: BlockstillError[] = [];
  const reflector = new Reflector({
    source: listWatch(client, configMaps, { namespace, labelSelector: 'followed=yes' }),
    indices: { value: ({ value }: Kept) => (value === undefined ? [] : [value]) },
    clock: systemClock,
    random: () => 0,
    project: ({ metadata, data }: ConfigMap): Kept => ({
      metadata: metadata as StoredObject['metadata'],
      value: data?.['value'],
    }),
    onChange: ({ type, object }) => changes.push(`${type} ${object.metadata.name} ${object.value}`),
    onProblem: (problem) => problems.push(problem),
  });
  const running = reflector.run(controller.signal);
  return {
    reflector,
    changes,
    problems,
    kept: () =>
      reflector.store
        .list()
        .map((object) => `${keyOf(object)}=${object.value}`)
        .sort(),
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await running;
      await client[Symbol.asyncDispose]();
    },
  };
}

async function nextChange(client: KubeClient, resourceVersion: string): Promise<unknown> {
  const { signal } = new AbortController();
  const watch = client.watch(configMaps, {
    namespace,
    resourceVersion,
    timeoutSeconds: 30,
    silenceSeconds: 30,
    signal,
  });
  try {
    return await watch.next();
  } finally {
    await watch.return(undefined);
  }
}

describe.skipIf(cannotRun('The API-server suite', await whyNoApiServer()))('a reflector', () => {
  test('misses nothing while the API server is killed and started again', async () => {
    await using server = await startApiServer();
    await using client = openClient(server.kubeconfig);
    const write = async (name: string, value: string) =>
      await client.create(configMaps, {
        metadata: { namespace, name, labels: { followed: 'yes' } },
        data: { value },
      });
    const change = async (name: string, value: string) =>
      await client.patch(
        configMaps,
        { namespace, name },
        { patch: { type: 'Merge', body: { data: { value } } } },
      );
    const first = await write('a', '1');
    await write('b', '1');
    await using follower = follow(server.kubeconfig);
    await follower.reflector.synced;
    expect(follower.kept()).toEqual(['default/a=1', 'default/b=1']);
    await write('c', '1');
    await waitFor('c to be seen', async () => (follower.kept().length === 3 ? true : undefined));

    await server.stop();
    await waitFor('the end of the watch to be noticed', async () => follower.problems[0]);
    await server.start();
    // What came before its start is more than a server remembers: this is what a reflector has to get along with.
    await expect(nextChange(client, first.metadata.resourceVersion ?? '')).rejects.toSatisfy(isExpired);
    await change('a', '2');
    await client.delete(configMaps, { namespace, name: 'b' });
    await write('d', '1');
    await waitFor('the reflector to catch up', async () =>
      follower.kept().length === 3 && follower.reflector.store.get('default/d') ? true : undefined,
    );
    expect(follower.kept()).toEqual(['default/a=2', 'default/c=1', 'default/d=1']);
    expect(follower.reflector.store.byIndex('value', '2').map(keyOf)).toEqual(['default/a']);
    expect([...follower.changes].sort()).toEqual([
      'Added a 1',
      'Added b 1',
      'Added c 1',
      'Added d 1',
      'Deleted b 1',
      'Updated a 2',
    ]);
    expect(follower.reflector.secondsSinceContact()).toBeLessThan(60);
  });

  test('tells an object from its successor of the same name', async () => {
    await using server = await startApiServer();
    await using client = openClient(server.kubeconfig);
    const metadata = { namespace, name: 'again', labels: { followed: 'yes' } };
    await client.create(configMaps, { metadata, data: { value: 'old' } });
    await using follower = follow(server.kubeconfig);
    await follower.reflector.synced;
    // While nobody watches: what comes later shows one object in the place of another.
    await server.stop();
    await waitFor('the end of the watch to be noticed', async () => follower.problems[0]);
    await server.start();
    await client.delete(configMaps, metadata);
    await client.create(configMaps, { metadata, data: { value: 'new' } });
    await waitFor('the new one', async () => (follower.kept()[0] === 'default/again=new' ? true : undefined));
    expect(follower.changes).toEqual(['Added again old', 'Deleted again old', 'Added again new']);
  });
});

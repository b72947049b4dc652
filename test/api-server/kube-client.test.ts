import { describe, expect, test } from 'vitest';
import { group, kind, version } from '../../crds/distillation-job.ts';
import { manifestWith } from '../../crds/test-manifests.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import type { WatchEvent } from '../../operator/kube/watch.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { configMaps, kubeconfigWithToken, openClient, type ConfigMap } from './open-client.ts';
import { useApiServer } from './use-api-server.ts';

interface Job extends KubeObject {
  readonly spec: { readonly suspend?: boolean; readonly distill?: { readonly epochs?: number } };
  readonly status?: { readonly phase?: string; readonly observedGeneration?: number };
}

const jobs: Resource<Job> = { group, version, plural: 'distillationjobs', kind, namespaced: true };

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))('the Kubernetes client', () => {
  const server = useApiServer();
  const named = (name: string) => ({ namespace: server().namespace, name });

  async function createMap(client: KubeClient, name: string, data: Record<string, string> = {}) {
    return await client.create(configMaps, { metadata: { ...named(name), labels: { test: name } }, data });
  }

  test('creates and gets an object, and answers undefined for one that is not there', async () => {
    await using client = openClient(server().kubeconfig);
    const created = await createMap(client, 'first', { a: '1' });
    expect(await client.get(configMaps, named('first'))).toEqual(created);
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
    expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await client.get(configMaps, named('none'))).toBeUndefined();
  });

  test('tells an object that is missing from a resource that is unknown', async () => {
    await using client = openClient(server().kubeconfig);
    const unknown: Resource = { ...jobs, plural: 'distillationjobz' };
    await expect(client.get(unknown, named('none'))).rejects.toMatchObject({ code: 'cluster/not-found' });
    expect(await client.get(jobs, named('none'))).toBeUndefined();
  });

  test('is told that an object exists already, or has changed since it was read', async () => {
    await using client = openClient(server().kubeconfig);
    const created = await createMap(client, 'twice');
    await expect(createMap(client, 'twice')).rejects.toMatchObject({
      code: 'cluster/already-exists',
      httpStatus: 409,
    });
    const changed = await client.replace(configMaps, { ...created, data: { a: '2' } });
    expect(changed.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
    await expect(client.replace(configMaps, { ...created, data: {} })).rejects.toMatchObject({
      code: 'cluster/conflict',
      httpStatus: 409,
    });
  });

  test('lists page by page all that matches, as of one resource version', async () => {
    await using client = openClient(server().kubeconfig);
    const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
    for (const name of names) {
      await client.create(configMaps, { metadata: { ...named(name), labels: { paged: 'yes' } } });
    }
    const selection = { namespace: server().namespace, labelSelector: 'paged=yes' };
    const list = await client.list(configMaps, { ...selection, limit: 3 }, ({ metadata }) => metadata.name);
    expect(new Set(list.items)).toEqual(new Set(names));
    expect(list.items).toHaveLength(7);
    expect(list.resourceVersion).toMatch(/^\d+$/);
  });

  test('watches from a list on: what comes, changes and goes, and a bookmark for what does not match', async () => {
    await using client = openClient(server().kubeconfig);
    const selection = { namespace: server().namespace, labelSelector: 'test=watched' };
    const { resourceVersion } = await client.list(configMaps, selection);
    const created = await createMap(client, 'watched', { a: '1' });
    await client.patch(configMaps, named('watched'), {
      patch: { type: 'Merge', body: { data: { a: '2' } } },
    });
    await client.delete(configMaps, named('watched'));
    const events: WatchEvent<ConfigMap>[] = [];
    const controller = new AbortController();
    const options = { ...selection, resourceVersion, silenceSeconds: 60, signal: controller.signal };
    for await (const event of client.watch(configMaps, { ...options, timeoutSeconds: 12 })) {
      events.push(event);
      // What the watch does not show moves it on all the same: by a bookmark, once a minute and before it ends.
      if (event.type === 'DELETED') await createMap(client, 'unseen');
      if (event.type === 'BOOKMARK') break;
    }
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);
    expect(events[0]?.object).toEqual({ ...created });
    expect(events[1]?.object).toMatchObject({ data: { a: '2' } });
    expect(events[3]?.object.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  test('patches in all three ways', async () => {
    await using client = openClient(server().kubeconfig);
    await createMap(client, 'patched', { keep: '1', drop: '2' });
    const merged = await client.patch(configMaps, named('patched'), {
      patch: { type: 'Merge', body: { data: { drop: null, merged: 'yes' } } },
    });
    expect(merged.data).toEqual({ keep: '1', merged: 'yes' });
    const json = await client.patch(configMaps, named('patched'), {
      patch: {
        type: 'Json',
        body: [
          { op: 'test', path: '/data/keep', value: '1' },
          { op: 'replace', path: '/data/keep', value: '3' },
        ],
      },
    });
    expect(json.data).toEqual({ keep: '3', merged: 'yes' });
    const metadata = named('applied');
    const applied = await client.patch(configMaps, metadata, {
      patch: { type: 'Apply', body: { metadata, data: { a: '1' } } as ConfigMap },
    });
    expect(applied.data).toEqual({ a: '1' });
    // What is applied no more goes away.
    const again = await client.patch(configMaps, metadata, {
      patch: { type: 'Apply', body: { metadata, data: { b: '2' } } as ConfigMap },
    });
    expect(again.data).toEqual({ b: '2' });
  });

  test('has a patch refused that tests for another value, or names another version', async () => {
    await using client = openClient(server().kubeconfig);
    const { metadata } = await createMap(client, 'guarded', { a: '1' });
    const test1 = client.patch(configMaps, named('guarded'), {
      patch: { type: 'Json', body: [{ op: 'test', path: '/data/a', value: '2' }] },
    });
    await expect(test1).rejects.toMatchObject({ code: 'cluster/invalid', httpStatus: 422 });
    await client.patch(configMaps, named('guarded'), {
      patch: { type: 'Merge', body: { data: { a: '5' } } },
    });
    const { resourceVersion } = metadata;
    const late = client.patch(configMaps, named('guarded'), {
      patch: { type: 'Merge', body: { metadata: { resourceVersion }, data: { a: '6' } } },
    });
    await expect(late).rejects.toMatchObject({ code: 'cluster/conflict' });
  });

  test('writes the status of a DistillationJob, and nothing else of it', async () => {
    await using client = openClient(server().kubeconfig);
    const manifest = manifestWith({ 'metadata.name': 'with-status' }) as Job;
    const created = await client.create(jobs, {
      ...manifest,
      metadata: { ...manifest.metadata, namespace: server().namespace },
    });
    expect(created.status).toEqual({ observedGeneration: -1 });
    const status = { observedGeneration: 1, phase: 'Preparing' };
    const written = await client.updateStatus(jobs, { ...created, spec: { suspend: true }, status });
    expect(written.status).toEqual(status);
    expect(written.spec).toEqual(created.spec);
    expect(written.metadata.generation).toBe(1);
    await expect(client.updateStatus(jobs, { ...created, status })).rejects.toMatchObject({
      code: 'cluster/conflict',
    });
    // Another one of the same name.
    await client.delete(jobs, named('with-status'));
    await client.create(jobs, {
      ...manifest,
      metadata: { ...manifest.metadata, namespace: server().namespace },
    });
    await expect(client.updateStatus(jobs, { ...written, status })).rejects.toMatchObject({
      code: 'cluster/conflict',
    });
    const patched = await client.patch(jobs, named('with-status'), {
      subresource: 'status',
      patch: { type: 'Merge', body: { status: { phase: 'Failed' } } },
    });
    expect(patched.status).toEqual({ observedGeneration: -1, phase: 'Failed' });
  });

  test('takes no label or annotation from its owner when it writes a status', async () => {
    await using client = openClient(server().kubeconfig);
    const metadata = {
      name: 'with-owner',
      namespace: server().namespace,
      labels: { team: 'vision' },
      annotations: { note: 'from Git' },
    };
    const manifest = JSON.stringify({ ...(manifestWith({}) as Job), metadata });
    const apply = ['apply', '--server-side', '--field-manager=git', '-f', '-'];
    await server().kubectl(apply, manifest);
    const place = { namespace: server().namespace, name: 'with-owner' };
    const { uid, resourceVersion } = (await client.get(jobs, place))?.metadata ?? {};
    // No more than the operator keeps of an object.
    const kept = { metadata: { ...place, uid, resourceVersion } } as Job;
    await client.updateStatus(jobs, { ...kept, status: { observedGeneration: 1, phase: 'Pending' } });
    const without = { ...(manifestWith({}) as Job), metadata: place };
    await server().kubectl(apply, JSON.stringify(without));
    const { labels, annotations } = (await client.get(jobs, place))?.metadata ?? {};
    expect({ labels, annotations }).toEqual({});
  });

  test('is told which field of a DistillationJob is wrong', async () => {
    await using client = openClient(server().kubeconfig);
    const manifest = manifestWith({ 'metadata.name': 'wrong', 'spec.distill.epochs': -1 }) as Job;
    const refused: unknown = await client
      .create(jobs, { ...manifest, metadata: { ...manifest.metadata, namespace: server().namespace } })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'cluster/invalid', httpStatus: 422 });
    expect(refused).toHaveProperty('status.details.causes.0.field', 'spec.distill.epochs');
  });

  test('deletes only the object that is meant', async () => {
    await using client = openClient(server().kubeconfig);
    const { metadata } = await createMap(client, 'deleted');
    const wrongUid = client.delete(configMaps, named('deleted'), { uid: 'of-an-earlier-one' });
    await expect(wrongUid).rejects.toMatchObject({ code: 'cluster/conflict' });
    const wrongVersion = client.delete(configMaps, named('deleted'), { resourceVersion: '1' });
    await expect(wrongVersion).rejects.toMatchObject({ code: 'cluster/conflict' });
    const { uid = '' } = metadata;
    expect(await client.delete(configMaps, named('deleted'), { uid, propagation: 'Foreground' })).toBe(true);
    expect(await client.delete(configMaps, named('none'))).toBe(false);
  });

  test('is refused what its user may not do, and says so', async () => {
    const { kubectl, kubeconfig } = server();
    await kubectl(['create', 'serviceaccount', 'nobody']);
    const token = (await kubectl(['create', 'token', 'nobody'])).trim();
    await using weak = await kubeconfigWithToken(kubeconfig, token);
    await using client = openClient(weak.path);
    await expect(client.get(configMaps, named('any'))).rejects.toMatchObject({
      code: 'cluster/forbidden',
      httpStatus: 403,
      message: expect.stringContaining(`system:serviceaccount:${server().namespace}:nobody`) as unknown,
      hint: expect.stringContaining('Grant this') as unknown,
    });
    await using strange = await kubeconfigWithToken(kubeconfig, 'made-up');
    await using stranger = openClient(strange.path);
    await expect(stranger.get(configMaps, named('any'))).rejects.toMatchObject({
      code: 'cluster/unauthorized',
    });
  });
});

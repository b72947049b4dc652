import { describe, expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { ApiError } from './api-error.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { nodes, widgets, type Widget } from './testing/resources.ts';
import { testClient } from './testing/test-client.ts';

const nock = useHttpMock();
const server = 'http://cluster.test';
const collection = '/apis/example.dev/v1/namespaces/lab/widgets';
const one = { namespace: 'lab', name: 'a' };

const status = (code: number, reason: string, details: object = {}) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message: `${reason} it is`,
  details,
});

describe('get', () => {
  it('answers an object as it is: unknown fields, times as text', async () => {
    const object = {
      apiVersion: 'example.dev/v1',
      kind: 'Widget',
      metadata: {
        ...one,
        creationTimestamp: '2026-03-01T12:00:00Z',
        newerField: [{ 'x-kubernetes-a': null }],
      },
      spec: { nested: { unknown: 1 } },
    };
    nock(server).get(`${collection}/a`).reply(200, object);
    await using client = testClient(server);
    expect(await client.get(widgets, one)).toEqual(object);
  });

  it('answers undefined for an object that does not exist', async () => {
    nock(server)
      .get(`${collection}/a`)
      .reply(404, status(404, 'NotFound', { name: 'a', kind: 'widgets' }));
    await using client = testClient(server);
    expect(await client.get(widgets, one)).toBeUndefined();
  });

  it('is an error where the resource itself is unknown', async () => {
    nock(server).get(`${collection}/a`).reply(404, '404 page not found\n');
    await using client = testClient(server);
    await expect(client.get(widgets, one)).rejects.toMatchObject({
      code: 'cluster/not-found',
      where: `GET ${collection}/a`,
      message: 'The cluster answered 404 NotFound: 404 page not found',
    });
  });

  it('asks below the path that the address of the cluster has', async () => {
    nock(server)
      .get('/k8s/clusters/c-1/api/v1/nodes/n')
      .reply(200, { metadata: { name: 'n' } });
    await using client = testClient(`${server}/k8s/clusters/c-1/`);
    expect(await client.get(nodes, { name: 'n' })).toEqual({ metadata: { name: 'n' } });
  });

  it.each(['', '.', '..'])('refuses the name "%s", which would ask for something else', async (name) => {
    await using client = testClient(server);
    await expect(client.get(nodes, { name })).rejects.toThrow('names no object');
  });

  it('keeps a name inside its part of the path', async () => {
    nock(server).get('/api/v1/nodes/a%2F..%2Fb%3Fc').reply(200, { metadata: {} });
    await using client = testClient(server);
    expect(await client.get(nodes, { name: 'a/../b?c' })).toEqual({ metadata: {} });
  });

  it('reports what is no JSON', async () => {
    nock(server).get(`${collection}/a`).reply(200, '{"metadata": {');
    await using client = testClient(server);
    await expect(client.get(widgets, one)).rejects.toMatchObject({ code: 'cluster/malformed-answer' });
  });
});

describe('list', () => {
  const page = (names: readonly string[], next?: string) => ({
    kind: 'WidgetList',
    metadata: { resourceVersion: '42', ...(next === undefined ? {} : { continue: next }) },
    items: names.map((name) => ({ metadata: { name } })),
  });

  it('asks page by page and says of each item what it is', async () => {
    const query = { labelSelector: 'x=y', limit: '2' };
    nock(server)
      .get(collection)
      .query(query)
      .reply(200, page(['a', 'b'], 'token'));
    nock(server)
      .get(collection)
      .query({ ...query, continue: 'token' })
      .reply(200, page(['c']));
    await using client = testClient(server);
    const list = await client.list(widgets, { namespace: 'lab', labelSelector: 'x=y', limit: 2 });
    expect(list.resourceVersion).toBe('42');
    expect(list.items).toEqual(
      ['a', 'b', 'c'].map((name) => ({ apiVersion: 'example.dev/v1', kind: 'Widget', metadata: { name } })),
    );
  });

  it('begins again in one piece when the server has forgotten the first page', async () => {
    nock(server)
      .get(collection)
      .query({ limit: '500' })
      .reply(200, page(['a', 'old'], 'token'));
    nock(server)
      .get(collection)
      .query({ limit: '500', continue: 'token' })
      .reply(410, status(410, 'Expired'));
    nock(server)
      .get(collection)
      .reply(200, page(['a', 'new']));
    await using client = testClient(server);
    const list = await client.list(widgets, { namespace: 'lab' }, ({ metadata }) => metadata.name);
    expect(list.items).toEqual(['a', 'new']);
  });

  it('goes over all namespaces where none is named', async () => {
    nock(server).get('/apis/example.dev/v1/widgets').query(true).reply(200, { items: null, metadata: {} });
    await using client = testClient(server);
    expect((await client.list(widgets)).items).toEqual([]);
  });
});

describe('writes', () => {
  const object: Widget = { metadata: one, spec: { size: 1 } };
  const typed = { apiVersion: 'example.dev/v1', kind: 'Widget', metadata: one, spec: { size: 1 } };
  const manager = { fieldManager: 'blockstill' };

  it('create what they are given, with its type', async () => {
    nock(server).post(collection, typed).query(manager).reply(201, typed);
    await using client = testClient(server);
    expect(await client.create(widgets, object)).toEqual(typed);
  });

  it.each([
    ['Merge', { metadata: { labels: { a: null } } }, 'application/merge-patch+json'],
    ['Json', [{ op: 'add', path: '/spec/size', value: 2 }], 'application/json-patch+json'],
  ] as const)('patch by %s', async (type, body, contentType) => {
    nock(server, { reqheaders: { 'content-type': contentType } })
      .patch(`${collection}/a`, JSON.stringify(body))
      .query(manager)
      .reply(200, typed);
    await using client = testClient(server);
    const patch = { type, body } as Parameters<typeof client.patch>[2]['patch'];
    expect(await client.patch(widgets, one, { patch })).toEqual(typed);
  });

  it('apply by server-side apply, forced, to the status', async () => {
    nock(server, { reqheaders: { 'content-type': 'application/apply-patch+yaml' } })
      .patch(`${collection}/a/status`, typed)
      .query({ ...manager, force: 'true' })
      .reply(200, typed);
    await using client = testClient(server);
    const patch = { type: 'Apply', body: object, force: true } as const;
    expect(await client.patch(widgets, one, { patch, subresource: 'status' })).toEqual(typed);
  });

  it('send only the status of an object, and on which version it was decided', async () => {
    const metadata = { ...one, uid: 'u', resourceVersion: '7' };
    nock(server)
      .patch(`${collection}/a/status`, [
        { op: 'replace', path: '/metadata/resourceVersion', value: '7' },
        { op: 'add', path: '/status', value: { done: true } },
      ])
      .matchHeader('content-type', 'application/json-patch+json')
      .query(manager)
      .reply(200, typed);
    await using client = testClient(server);
    const decided = { metadata: { ...metadata, labels: { a: 'b' } }, spec: {}, status: { done: true } };
    expect(await client.updateStatus(widgets, decided)).toEqual(typed);
  });

  it('say with the whole Status that somebody else has written meanwhile', async () => {
    const conflict = status(409, 'Conflict', { name: 'a', kind: 'widgets' });
    nock(server).put(`${collection}/a`).query(manager).reply(409, conflict);
    await using client = testClient(server);
    const error = await client
      .replace(widgets, { metadata: { ...one, resourceVersion: '7' } })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'cluster/conflict', httpStatus: 409, status: conflict });
  });

  it('are refused without the version that they were decided on', async () => {
    await using client = testClient(server);
    const code = 'cluster/unconditional-write';
    await expect(client.replace(widgets, object)).rejects.toMatchObject({ code });
    await expect(client.updateStatus(widgets, object)).rejects.toMatchObject({ code });
  });

  it('delete one object and no other of its name', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Foreground',
      gracePeriodSeconds: 5,
      preconditions: { uid: 'u', resourceVersion: '7' },
    };
    nock(server).delete(`${collection}/a`, body).reply(200, typed);
    nock(server).delete(`${collection}/a`).reply(409, status(409, 'Conflict'));
    nock(server)
      .delete(`${collection}/a`)
      .reply(404, status(404, 'NotFound', { name: 'a' }));
    await using client = testClient(server);
    const options = {
      uid: 'u',
      resourceVersion: '7',
      propagation: 'Foreground',
      gracePeriodSeconds: 5,
    } as const;
    expect(await client.delete(widgets, one, options)).toBe(true);
    await expect(client.delete(widgets, one, options)).rejects.toMatchObject({ code: 'cluster/conflict' });
    expect(await client.delete(widgets, one)).toBe(false);
  });
});

describe('a client', () => {
  it('asks again after as long as the server says, and then as often as it takes', async () => {
    const clock = new FakeClock();
    nock(server)
      .post(collection)
      .query(true)
      .reply(429, status(429, 'TooManyRequests'), { 'retry-after': '7' });
    nock(server)
      .post(collection)
      .query(true)
      .reply(201, { metadata: { name: 'a' } });
    await using client = testClient(server, { clock });
    const created = client.create(widgets, { metadata: one });
    await clock.timerWithin(7);
    expect(clock.pending).toBe(1);
    await clock.advance(6.9);
    expect(nock.pendingMocks()).toHaveLength(1);
    await clock.advance(0.1);
    expect(await created).toEqual({ metadata: { name: 'a' } });
    expect(clock.pending).toBe(0);
  });

  it('does not wait for longer than half a minute: that is for the caller to decide', async () => {
    nock(server)
      .get(`${collection}/a`)
      .reply(503, status(503, 'ServiceUnavailable', { retryAfterSeconds: 31 }));
    await using client = testClient(server, { clock: new FakeClock() });
    await expect(client.get(widgets, one)).rejects.toMatchObject({ retryAfterSeconds: 31, httpStatus: 503 });
  });

  it('gives up reading after five errors of the server, further and further apart', async () => {
    const clock = new FakeClock();
    nock(server).get(`${collection}/a`).times(5).reply(503, 'no backend');
    await using client = testClient(server, { clock });
    const failed = client.get(widgets, one).catch((error: unknown) => error);
    // 0.5 s doubled each time, times 0.75 for a random number of 0.5.
    for (const seconds of [0.375, 0.75, 1.5, 3]) {
      await clock.timerWithin(seconds);
      await clock.advance(seconds);
    }
    expect(await failed).toMatchObject({ code: 'cluster/api-error', httpStatus: 503 });
    expect(clock.seconds()).toBeCloseTo(5.625);
  });

  it('creates once only where the server may have done it, and an error of the server is no reason to repeat', async () => {
    nock(server).post(collection).query(true).reply(503, 'no backend');
    nock(server)
      .post(collection)
      .query(true)
      .replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    nock(server).patch(`${collection}/a`).query(true).reply(504, status(504, 'Timeout'));
    nock(server).delete(`${collection}/a`).reply(500, status(500, 'InternalError'), { 'retry-after': '1' });
    nock(server).get(`${collection}/a`).reply(500, status(500, 'InternalError'));
    await using client = testClient(server, { clock: new FakeClock() });
    await expect(client.create(widgets, { metadata: one })).rejects.toMatchObject({ httpStatus: 503 });
    await expect(client.create(widgets, { metadata: one })).rejects.toMatchObject({
      code: 'cluster/unreachable',
    });
    const patch = { type: 'Json', body: [{ op: 'add', path: '/spec/list/-', value: 1 }] } as const;
    await expect(client.patch(widgets, one, { patch })).rejects.toMatchObject({ httpStatus: 504 });
    await expect(client.delete(widgets, one)).rejects.toMatchObject({ httpStatus: 500 });
    await expect(client.get(widgets, one)).rejects.toMatchObject({ httpStatus: 500 });
  });

  it('repeats what is the same when done twice, over a broken connection', async () => {
    const clock = new FakeClock();
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    nock(server).patch(`${collection}/a`).query(true).replyWithError(reset);
    nock(server).patch(`${collection}/a`).query(true).reply(200, { metadata: {} });
    await using client = testClient(server, { clock });
    const patched = client.patch(widgets, one, { patch: { type: 'Merge', body: {} } });
    await clock.timerWithin(1);
    await clock.advance(1);
    expect(await patched).toEqual({ metadata: {} });
  });

  it('creates again where the request surely did not arrive', async () => {
    const clock = new FakeClock();
    nock(server)
      .post(collection)
      .query(true)
      .replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    nock(server).post(collection).query(true).reply(201, { metadata: {} });
    await using client = testClient(server, { clock });
    const created = client.create(widgets, { metadata: one });
    await clock.timerWithin(1);
    await clock.advance(1);
    expect(await created).toEqual({ metadata: {} });
  });

  it('keeps to its rate', async () => {
    const clock = new FakeClock();
    nock(server).get('/api/v1/nodes/n').times(3).reply(200, { metadata: {} });
    await using client = testClient(server, { clock, rate: { perSecond: 1, burst: 2 } });
    const done: number[] = [];
    const requests = [0, 1, 2].map(async (index) => {
      await client.get(nodes, { name: 'n' });
      done.push(index);
    });
    await Promise.all(requests.slice(0, 2));
    expect(done).toHaveLength(2);
    await clock.advance(0.99);
    expect(nock.pendingMocks()).toHaveLength(1);
    await clock.advance(0.01);
    await Promise.all(requests);
  });
});

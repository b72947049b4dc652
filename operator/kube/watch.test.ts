import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isExpired } from './api-error.ts';
import { answer, startApiServer } from './testing/api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { widgets } from './testing/resources.ts';
import { testClient } from './testing/test-client.ts';
import { toArray } from './testing/to-array.ts';

interface Stream {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A client, and the server's end of the one watch that it begins. */
async function openWatch({ maximumLineBytes = 1000 } = {}) {
  const clock = new FakeClock();
  const opened = Promise.withResolvers<Stream>();
  const api = await startApiServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    opened.resolve({ request, response });
  });
  const client = testClient(api.origin, { clock });
  const controller = new AbortController();
  const events = client.watch(widgets, {
    namespace: 'lab',
    labelSelector: 'x=y',
    resourceVersion: '7',
    timeoutSeconds: 300,
    silenceSeconds: 150,
    signal: controller.signal,
    maximumLineBytes,
  });
  const first = events.next();
  first.catch(() => undefined);
  const { request, response } = await opened.promise;
  return {
    clock,
    controller,
    events,
    first,
    request,
    response,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

const object = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });
const line = (type: string, content: object) => `${JSON.stringify({ type, object: content })}\n`;

describe('a watch', () => {
  it('asks for bookmarks and an end, from where the list was', async () => {
    await using watch = await openWatch();
    const url = new URL(watch.request.url ?? '', 'http://server');
    expect(url.pathname).toBe('/apis/example.dev/v1/namespaces/lab/widgets');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '7',
      timeoutSeconds: '300',
      labelSelector: 'x=y',
    });
  });

  it('answers each event as it comes, in whatever pieces, and ends when the server ends it', async () => {
    await using watch = await openWatch();
    const bytes = Buffer.from(line('ADDED', object('größe', '8')) + line('MODIFIED', object('b', '9')));
    // The first cut is inside a character.
    const cutAt = bytes.indexOf(0xc3) + 1;
    watch.response.write(bytes.subarray(0, cutAt));
    watch.response.write(bytes.subarray(cutAt));
    expect(await watch.first).toEqual({
      done: false,
      value: { type: 'ADDED', object: object('größe', '8') },
    });
    expect((await watch.events.next()).value).toEqual({ type: 'MODIFIED', object: object('b', '9') });
    watch.response.end(
      line('DELETED', object('b', '10')) + line('BOOKMARK', { metadata: { resourceVersion: '11' } }),
    );
    expect(await toArray(watch.events)).toEqual([
      { type: 'DELETED', object: object('b', '10') },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '11' } } },
    ]);
    expect(watch.clock.pending).toBe(0);
  });

  it('fails with the Status that comes in it', async () => {
    await using watch = await openWatch();
    watch.response.write(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
    const error: unknown = await watch.first.catch((reason: unknown) => reason);
    expect(isExpired(error)).toBe(true);
    expect(watch.clock.pending).toBe(0);
    await once(watch.response, 'close');
  });

  it('fails with the Status that comes in its place', async () => {
    await using api = await startApiServer((_request, response) => answer(response, 410, { kind: 'Status' }));
    const clock = new FakeClock();
    await using client = testClient(api.origin, { clock });
    const { signal } = new AbortController();
    const options = { resourceVersion: '7', timeoutSeconds: 300, silenceSeconds: 150, signal };
    const error: unknown = await client
      .watch(widgets, options)
      .next()
      .catch((reason: unknown) => reason);
    expect(isExpired(error)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['a line that is no JSON', '{"type":"ADDED", oops}\n'],
    ['an event without an object', '{"type":"ADDED"}\n'],
    ['an event of no known type', '{"type":"RENAMED","object":{"metadata":{}}}\n'],
    ['a line that is not an object', '3\n'],
    ['a line that has no end', 'x'.repeat(1001)],
  ])('fails on %s', async (_what, text) => {
    await using watch = await openWatch();
    watch.response.write(text);
    await expect(watch.first).rejects.toMatchObject({ code: 'cluster/malformed-answer' });
    await once(watch.response, 'close');
  });

  it('takes no half event for a whole one when the connection breaks', async () => {
    await using watch = await openWatch();
    watch.response.write(line('ADDED', object('a', '8')) + line('ADDED', object('b', '9')).trimEnd());
    await watch.first;
    watch.response.destroy();
    await expect(watch.events.next()).rejects.toMatchObject({ code: 'cluster/unreachable' });
    expect(watch.clock.pending).toBe(0);
  });

  it('gives up a connection that stays open and brings nothing', async () => {
    await using watch = await openWatch();
    watch.response.write(line('ADDED', object('a', '8')));
    await watch.first;
    const next = watch.events.next().catch((reason: unknown) => reason);
    await watch.clock.advance(100);
    watch.response.write(line('BOOKMARK', { metadata: { resourceVersion: '9' } }));
    expect(await next).toMatchObject({ value: { type: 'BOOKMARK' } });
    const last = watch.events.next().catch((reason: unknown) => reason);
    await watch.clock.advance(149);
    const silent = { code: 'cluster/watch-silent', message: 'The watch was silent for 150 s.' };
    await watch.clock.advance(1);
    expect(await last).toMatchObject(silent);
    await once(watch.response, 'close');
    expect(watch.clock.pending).toBe(0);
  });

  it('gives up on a server that does not end it', async () => {
    await using watch = await openWatch();
    let next: Promise<unknown> = watch.first;
    for (const seconds of [100, 200, 300]) {
      watch.response.write(line('BOOKMARK', { metadata: { resourceVersion: `${seconds}` } }));
      await next;
      next = watch.events.next().catch((reason: unknown) => reason);
      await watch.clock.advance(100);
    }
    await watch.clock.advance(30);
    expect(await next).toMatchObject({ message: 'The watch did not end when it should have.' });
    await once(watch.response, 'close');
  });

  it('gives up on a server that does not begin to answer', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    await using api = await startApiServer(() => asked.resolve());
    await using client = testClient(api.origin, { clock, timeoutSeconds: 10 });
    const { signal } = new AbortController();
    const options = { resourceVersion: '7', timeoutSeconds: 300, silenceSeconds: 150, signal };
    const failed = client
      .watch(widgets, options)
      .next()
      .catch((reason: unknown) => reason);
    await asked.promise;
    await clock.advance(10);
    expect(await failed).toMatchObject({ code: 'cluster/timeout' });
    expect(clock.pending).toBe(0);
  });

  it('closes its connection when it is stopped', async () => {
    await using watch = await openWatch();
    const reason = new Error('enough');
    watch.controller.abort(reason);
    await expect(watch.first).rejects.toBe(reason);
    await once(watch.response, 'close');
    expect(watch.clock.pending).toBe(0);
  });

  it('closes its connection when nobody listens any more', async () => {
    await using watch = await openWatch();
    watch.response.write(line('ADDED', object('a', '8')));
    await watch.first;
    await watch.events.return(undefined);
    await once(watch.response, 'close');
    expect(watch.clock.pending).toBe(0);
  });
});

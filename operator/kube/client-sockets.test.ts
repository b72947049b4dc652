import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { answer, startApiServer } from './testing/api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { widgets } from './testing/resources.ts';
import { testClient } from './testing/test-client.ts';

const one = { namespace: 'lab', name: 'a' };

describe('against a server on this machine, a client', () => {
  const served = { metadata: { name: 'a' } };

  it('uses its connections again, and leaves no listener on a signal as old as the process', async () => {
    await using api = await startApiServer((_request, response) => answer(response, 200, served));
    await using client = testClient(api.origin);
    const { signal } = new AbortController();
    for (let count = 0; count < 20; count += 1) await client.get(widgets, one, { signal });
    // A second one, where a request comes in the turn in which the answer before it ends.
    expect(api.connections).toBeLessThanOrEqual(2);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives up on a server that begins an answer and never ends it', async () => {
    const clock = new FakeClock();
    const asked = Promise.withResolvers<void>();
    await using api = await startApiServer((_request, response) => {
      response.writeHead(200);
      response.write('{"metadata":');
      asked.resolve();
    });
    await using client = testClient(api.origin, { clock, timeoutSeconds: 20 });
    const failed = client.get(widgets, one).catch((error: unknown) => error);
    await asked.promise;
    await clock.advance(20);
    expect(await failed).toMatchObject({ code: 'cluster/timeout' });
    expect(clock.pending).toBe(0);
  });

  it('stops with the reason of its signal, and lets the server know', async () => {
    const clock = new FakeClock();
    const [asked, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using api = await startApiServer((request) => {
      request.on('close', () => closed.resolve());
      asked.resolve();
    });
    await using client = testClient(api.origin, { clock });
    const controller = new AbortController();
    const stopped = client.get(widgets, one, { signal: controller.signal }).catch((error: unknown) => error);
    await asked.promise;
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await stopped).toBe(reason);
    await closed.promise;
    expect(clock.pending).toBe(0);
  });

  it('stops while it waits to ask again', async () => {
    const clock = new FakeClock();
    await using api = await startApiServer((_request, response) => {
      answer(response, 429, { kind: 'Status', details: { retryAfterSeconds: 9 } });
    });
    await using client = testClient(api.origin, { clock });
    const controller = new AbortController();
    const stopped = client.get(widgets, one, { signal: controller.signal }).catch((error: unknown) => error);
    await clock.timerWithin(9);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await stopped).toBe(reason);
    expect(clock.pending).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { BlockstillError } from '../../common/error.ts';
import type { FinishedRequest } from './request.ts';
import { answer, startApiServer } from './testing/api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { widgets } from './testing/resources.ts';
import { testClient } from './testing/test-client.ts';

const one = { namespace: 'lab', name: 'a' };

/** Keeps what a client tells of its requests. */
function listener() {
  const heard: FinishedRequest[] = [];
  return { heard, finished: (request: FinishedRequest): void => void heard.push(request) };
}

describe('whoever observes a client', () => {
  it('hears of each request, and of each repetition of it, with how long the answer took to begin', async () => {
    const clock = new FakeClock();
    const observer = listener();
    const arrived = [Promise.withResolvers<() => void>(), Promise.withResolvers<() => void>()];
    let count = 0;
    await using api = await startApiServer((_request, response) => {
      const httpStatus = count === 0 ? 503 : 200;
      arrived[count++]?.resolve(() => answer(response, httpStatus, { metadata: { name: 'a' } }));
    });
    await using client = testClient(api.origin, { clock, observer });
    const got = client.get(widgets, one);
    const first = await arrived[0]?.promise;
    await clock.advance(2);
    first?.();
    // The first wait of a client's retries: half a second, of which a random half of 0.5 leaves three quarters.
    await clock.timerWithin(0.375);
    await clock.advance(0.375);
    const second = await arrived[1]?.promise;
    await clock.advance(3);
    second?.();
    await got;
    const { host } = new URL(api.origin);
    expect(observer.heard).toEqual([
      { method: 'GET', host, httpStatus: 503, seconds: 2, serverTime: expect.any(Date) },
      { method: 'GET', host, httpStatus: 200, seconds: 3, serverTime: expect.any(Date) },
    ]);
  });

  it('hears of a request that nobody answers, and of a watch as soon as it begins', async () => {
    const observer = listener();
    const controller = new AbortController();
    await using api = await startApiServer((request, response) => {
      if (request.method === 'POST') request.socket.destroy();
      else response.writeHead(200).write('{"type":"BOOKMARK","object":{"metadata":{}}}\n');
    });
    await using client = testClient(api.origin, { observer });
    const created = client.create(widgets, { metadata: one });
    await expect(created).rejects.toMatchObject({ code: 'cluster/unreachable' });
    const watch = client.watch(widgets, {
      resourceVersion: '1',
      timeoutSeconds: 60,
      silenceSeconds: 60,
      signal: controller.signal,
    });
    await watch.next();
    expect(observer.heard).toMatchObject([
      { method: 'POST', httpStatus: undefined },
      { method: 'GET', httpStatus: 200 },
    ]);
    await watch.return(undefined);
  });
});

describe('a guard', () => {
  it('keeps a request from going out, and is asked again for each repetition', async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    let requests = 0;
    let allowed = 1;
    await using api = await startApiServer((_request, response) => {
      requests += 1;
      answer(response, 503, {});
    });
    await using client = testClient(api.origin, {
      clock,
      guard: (method) => {
        asked.push(method);
        allowed -= 1;
        if (allowed < 0) throw new BlockstillError('cluster/leadership-lost', 'No more.');
      },
    });
    const failed = client
      .replace(widgets, { metadata: { ...one, resourceVersion: '1' } })
      .catch((error: unknown) => error);
    await clock.timerWithin(1);
    await clock.advance(1);
    expect(await failed).toMatchObject({ code: 'cluster/leadership-lost' });
    expect(asked).toEqual(['PUT', 'PUT']);
    expect(requests).toBe(1);
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { answer, startApiServer } from '../../operator/kube/testing/api-server.ts';
import { testClient } from '../../operator/kube/testing/test-client.ts';
import { widgets } from '../../operator/kube/testing/resources.ts';
import { startFaultProxy, type FaultProxy, type FaultProxyOptions } from './fault-proxy.ts';
import { drawFault, evenRates, type Fault } from './faults.ts';

const widget = { metadata: { name: 'a', namespace: 'test', uid: '1', resourceVersion: '1' } };
const event = `${JSON.stringify({ type: 'ADDED', object: widget })}\n`;
const watchOptions = { resourceVersion: '1', timeoutSeconds: 30, silenceSeconds: 30 };

describe('a faulty way to the API server', () => {
  let held = new AsyncDisposableStack();
  afterEach(async () => {
    await held.disposeAsync();
    held = new AsyncDisposableStack();
  });

  /** A proxy in front of a server that keeps what is written, and sends an event a watch. */
  async function start(options: Partial<FaultProxyOptions>): Promise<FaultProxy & { written: string[] }> {
    const written: string[] = [];
    const server = held.use(
      await startApiServer((request, response) => {
        if (request.url?.includes('watch=true')) {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.write(event);
          return;
        }
        if (request.method === 'GET')
          return answer(response, 200, { items: [widget], metadata: { resourceVersion: '1' } });
        let text = '';
        request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        request.on('end', () => {
          written.push(`${request.method} ${text.length > 0 ? 'with' : 'without'} body`);
          answer(response, 201, widget);
        });
      }),
    );
    const proxy = held.use(
      await startFaultProxy({ backend: server.origin, seed: 1, rates: {}, watchSeconds: 0.05, ...options }),
    );
    return Object.assign(proxy, { written });
  }

  const clientOf = (proxy: FaultProxy) => held.use(testClient(proxy.url, { clock: new FakeClock() }));

  const always = async (fault: Fault) => {
    const proxy = await start({ rates: { [fault]: 1 } });
    proxy.switchOn();
    return proxy;
  };

  async function create(proxy: FaultProxy): Promise<string> {
    return await fetch(`${proxy.url}/apis/example.dev/v1/namespaces/test/widgets`, {
      method: 'POST',
      body: JSON.stringify(widget),
    }).then(
      (response) => `${response.status} ${response.headers.get('retry-after') ?? ''}`.trim(),
      () => 'cut off',
    );
  }

  test('passes everything on while it is off', async () => {
    const proxy = await start({ rates: { InternalError: 1 } });
    const client = clientOf(proxy);
    await client.create(widgets, widget);
    expect((await client.list(widgets, { namespace: 'test' })).items).toMatchObject([widget]);
    const stop = new AbortController();
    const watch = client.watch(widgets, { ...watchOptions, signal: stop.signal });
    expect((await watch.next()).value).toMatchObject({ type: 'ADDED', object: widget });
    stop.abort();
    expect(proxy.written).toEqual(['POST with body']);
    expect([proxy.requests, proxy.injected.size]).toEqual([3, 0]);
  });

  test.each<[Fault, string, boolean]>([
    ['ConflictBefore', '409', false],
    ['ConflictAfter', '409', true],
    ['CutAfterWrite', 'cut off', true],
    ['TooManyRequests', '429 1', false],
    ['InternalError', '500', false],
    ['Unavailable', '503', false],
    ['GatewayTimeout', '504', false],
    ['Slow', '201', true],
  ])('injects %s into a write, which ends with %s', async (fault, ending, wasCarriedOut) => {
    const proxy = await start({ rates: { [fault]: 1 }, slowSeconds: 0.05 });
    proxy.switchOn();
    expect(await create(proxy)).toBe(ending);
    expect(proxy.written).toHaveLength(wasCarriedOut ? 1 : 0);
    expect(proxy.injected.get(fault)).toBe(1);
  });

  test('leaves a request without an answer', async () => {
    const proxy = await always('NoAnswer');
    const ending = create(proxy);
    await expect.poll(() => proxy.injected.get('NoAnswer')).toBe(1);
    proxy.cutAll();
    expect(await ending).toBe('cut off');
    expect(proxy.written).toEqual([]);
  });

  test.each<[Fault, string]>([
    ['CutWatch', 'cluster/unreachable'],
    ['ExpiredInWatch', 'cluster/expired'],
  ])('spoils a watch in the middle by %s', async (fault, code) => {
    const proxy = await always(fault);
    const watch = clientOf(proxy).watch(widgets, { ...watchOptions, signal: new AbortController().signal });
    expect((await watch.next()).value).toMatchObject({ type: 'ADDED' });
    await expect(watch.next()).rejects.toMatchObject({ code });
  });

  test('forgets where a watch or a list was', async () => {
    const proxy = await always('Expired');
    const path = `${proxy.url}/apis/example.dev/v1/widgets`;
    expect((await fetch(`${path}?watch=true`)).status).toBe(410);
    expect((await fetch(`${path}?limit=1&continue=x`)).status).toBe(410);
    expect((await fetch(path)).status).toBe(200);
  });

  test('lets a watch fall silent with its connection open', async () => {
    let send: (text: string) => void = () => undefined;
    const server = held.use(
      await startApiServer((_request, response) => {
        response.writeHead(200);
        send = (text) => response.write(text);
        send('before\n');
      }),
    );
    const clock = new FakeClock();
    const rates = { SilentWatch: 1 };
    const proxy = held.use(await startFaultProxy({ backend: server.origin, seed: 1, rates, clock }));
    proxy.switchOn();
    const { body } = await fetch(`${proxy.url}/apis/example.dev/v1/widgets?watch=true`);
    const reader = body!.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe('before\n');
    send('still heard\n');
    expect(await read()).toBe('still heard\n');
    await clock.advance(5);
    send('never heard\n');
    const next = reader.read().catch(() => 'cut off');
    // Long enough for another request to come through.
    await (await fetch(`${proxy.url}/apis`)).body?.cancel();
    proxy.cutAll();
    expect(await next).toBe('cut off');
  });

  test('spares what it is told to', async () => {
    const spares = (method: string, path: string) => method === 'POST' && path.includes('/widgets');
    const proxy = await start({ rates: { InternalError: 1 }, spares });
    proxy.switchOn();
    expect(await create(proxy)).toBe('201');
    expect((await fetch(`${proxy.url}/apis`)).status).toBe(500);
  });

  test('does the same for the same seed', async () => {
    const run = async () => {
      const proxy = await start({ rates: { InternalError: 0.3, Unavailable: 0.3 }, seed: 7 });
      proxy.switchOn();
      const answers: string[] = [];
      for (let count = 0; count < 20; count++) answers.push(await create(proxy));
      return answers;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['500', '503', '201']));
  });
});

describe('the draw of a fault', () => {
  const read = { method: 'GET', url: '/api/v1/pods' };
  const write = { method: 'POST', url: '/api/v1/namespaces/test/pods' };

  test('is one that can happen to the request', () => {
    expect(drawFault(0.15, { ConflictBefore: 0.1, CutAfterWrite: 0.1 }, write)).toBe('CutAfterWrite');
    expect(drawFault(0.25, { ConflictBefore: 0.1, CutAfterWrite: 0.1 }, write)).toBeUndefined();
    expect(drawFault(0, { ConflictBefore: 0.1, CutWatch: 1 }, read)).toBeUndefined();
    expect(drawFault(0, { CutWatch: 1 }, { ...read, url: '/api/v1/pods?watch=true' })).toBe('CutWatch');
  });

  test('spares clients the faults that last for minutes, unless asked for', () => {
    expect(evenRates(0.01)).toMatchObject({ CutWatch: 0.01, Slow: 0.01 });
    expect(evenRates(0.01)).not.toHaveProperty('SilentWatch');
  });
});

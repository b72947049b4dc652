import { describe, expect, it } from 'vitest';
import { startProbeServer, type ProbeServerOptions } from './probe-server.ts';

const good: ProbeServerOptions = {
  address: { host: '127.0.0.1', port: 0 },
  notHealthy: () => undefined,
  notReady: () => undefined,
  expose: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
};

async function ask(options: Partial<ProbeServerOptions>, path: string, method = 'GET') {
  await using server = await startProbeServer({ ...good, ...options });
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  const { status, headers } = answer;
  return {
    status,
    text: await answer.text(),
    type: headers.get('content-type'),
    allow: headers.get('allow'),
  };
}

describe('the server of probes and metrics', () => {
  it.each(['/healthz', '/readyz', '/readyz?verbose'])('answers ok to %s', async (path) => {
    expect(await ask({}, path)).toMatchObject({ status: 200, text: 'ok\n' });
  });

  it('says what is wrong', async () => {
    const notReady = () => 'No list of jobs yet.';
    expect(await ask({ notReady }, '/readyz')).toMatchObject({ status: 503, text: 'No list of jobs yet.\n' });
    expect(await ask({ notReady }, '/healthz')).toMatchObject({ status: 200 });
    const notHealthy = () => 'The watchdog has ended.';
    expect(await ask({ notHealthy }, '/healthz')).toMatchObject({
      status: 503,
      text: 'The watchdog has ended.\n',
    });
  });

  it('serves metrics with the content type of their format', async () => {
    expect(await ask({}, '/metrics')).toMatchObject({
      status: 200,
      text: 'up 1\n',
      type: 'text/plain; version=0.0.4',
    });
  });

  it('answers 500 where metrics can not be collected', async () => {
    const expose = async () => {
      throw new Error('no such gauge');
    };
    expect(await ask({ expose }, '/metrics')).toMatchObject({ status: 500, text: 'no such gauge\n' });
  });

  it('knows no other path and no other method', async () => {
    expect(await ask({}, '/')).toMatchObject({ status: 404 });
    expect(await ask({}, '/metrics', 'POST')).toMatchObject({ status: 405, allow: 'GET, HEAD' });
    expect(await ask({}, '/healthz', 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  it('says which address is taken', async () => {
    await using server = await startProbeServer(good);
    const address = { host: '127.0.0.1', port: server.port };
    await expect(startProbeServer({ ...good, address })).rejects.toMatchObject({
      code: 'operator/cannot-listen',
      where: `--listen 127.0.0.1:${server.port}`,
    });
  });
});

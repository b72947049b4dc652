import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { progressSchema, type Progress } from '../contract/progress.ts';
import { SharedText } from '../energy/shared-text.ts';
import { startProgressServer } from './progress-server.ts';

const address = '127.0.0.1';

const progress: Progress = {
  version: 1,
  stage: 'Distill',
  unit: 'unit-003',
  attempt: 'pod-uid',
  activity: 'Training',
  fraction: 0.25,
  samplesPerSecond: 1234.5,
  etaSeconds: 60,
  blocks: [{ name: 'conv2d', state: 'Training', epoch: 1, epochs: 4, step: 10, steps: 40, loss: 0.5 }],
};

async function ask(port: number, path: string, method = 'GET'): Promise<Response> {
  return await fetch(`http://${address}:${port}${path}`, { method, headers: { connection: 'close' } });
}

test('answers with nothing before the first progress, and with the last one after it', async () => {
  await using server = await startProgressServer({ port: 0, address });
  expect((await ask(server.port, '/progress')).status).toBe(204);
  server.show({ ...progress, fraction: 0.1 });
  server.show(progress);
  await expect.poll(async () => (await ask(server.port, '/progress')).status).toBe(200);
  const answer = await ask(server.port, '/progress');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(progressSchema.parse(await answer.json())).toEqual(progress);
});

test('answers while the thread that works is blocked', async () => {
  await using server = await startProgressServer({ port: 0, address });
  server.show(progress);
  // Nothing else runs in this thread until the other process has ended.
  const asks = `
    for (;;) {
      const answer = await fetch('http://${address}:${server.port}/progress');
      if (answer.status === 200) { console.log(await answer.text()); break; }
    }`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', asks], { timeout: 20_000 });
  expect(JSON.parse(said.toString())).toEqual(progress);
});

test('shows metrics of the last progress and of a meter, while the thread that works is blocked', async () => {
  await using server = await startProgressServer({ port: 0, address });
  const text = new SharedText();
  const reading = { device: 'GPU-1', kind: 'GPU', joules: 1500 };
  const atSeconds = Number(process.hrtime.bigint()) / 1e9;
  text.write(JSON.stringify({ atSeconds, readings: [reading], gpu: { watts: 250 } }));
  server.watch({ snapshots: text.memory });
  server.show(progress);
  const asks = `
    for (;;) {
      const answer = await fetch('http://${address}:${server.port}/metrics');
      const text = await answer.text();
      if (text.includes('{stage=')) { console.log(answer.headers.get('content-type'), text); break; }
    }`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', asks], { timeout: 20_000 });
  const labels = 'stage="Distill",unit="unit-003"';
  expect(said.toString()).toMatch(/^text\/plain; version=0.0.4; charset=utf-8 # HELP /);
  expect(said.toString()).toContain(`\nblockstill_worker_progress_ratio{${labels}} 0.25\n`);
  expect(said.toString()).toContain(
    `\nblockstill_worker_energy_joules_total{${labels},device="GPU-1",kind="GPU"} 1500\n`,
  );
  expect(said.toString()).toContain(`\nblockstill_worker_gpu_power_watts{${labels},device="GPU-1"} 250\n`);
  expect(said.toString()).toMatch(/\nprocess_resident_memory_bytes [1-9]\d{6,}\n/);
});

test.each([
  { method: 'GET', path: '/healthz', status: 200 },
  { method: 'GET', path: '/metrics', status: 200 },
  { method: 'POST', path: '/metrics', status: 405 },
  { method: 'GET', path: '/progress?since=3', status: 204 },
  { method: 'GET', path: '/', status: 404 },
  { method: 'POST', path: '/secrets', status: 404 },
  { method: 'POST', path: '/progress', status: 405 },
  { method: 'DELETE', path: '/healthz', status: 405 },
])('answers $method $path with $status', async ({ method, path, status }) => {
  await using server = await startProgressServer({ port: 0, address });
  const answer = await ask(server.port, path, method);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET' : null);
});

test('says that a port is taken', async () => {
  const other = createServer().listen(0, address);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startProgressServer({ port, address })).rejects.toThrow('EADDRINUSE');
  other.close();
});

test('ends though somebody holds a connection open', async () => {
  const server = await startProgressServer({ port: 0, address });
  const answer = await fetch(`http://${address}:${server.port}/healthz`, {
    headers: { connection: 'keep-alive' },
  });
  expect(await answer.text()).toBe('ok\n');
  await server[Symbol.asyncDispose]();
  await expect(ask(server.port, '/healthz')).rejects.toThrow('fetch failed');
});

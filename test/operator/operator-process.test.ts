import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLeaseApi, type LeaseApi } from './lease-api.ts';
import {
  startOperator,
  writePlainKubeconfig,
  type OperatorProcess,
  type StartOptions,
} from './start-operator.ts';

/** Short, so that a test need not wait; the shares of each other are the usual ones. */
const timings = { leaseSeconds: 6, renewDeadlineSeconds: 3, retrySeconds: 0.3 };

const anyPort = ['--listen', '127.0.0.1:0'];

interface Scene extends AsyncDisposable {
  readonly api: LeaseApi;
  start(options?: StartOptions): Promise<OperatorProcess>;
}

async function openScene(): Promise<Scene> {
  const held = new AsyncDisposableStack();
  const api = held.use(await startLeaseApi());
  const folder = held.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-scene-')));
  const kubeconfig = await writePlainKubeconfig(folder.path, api.origin);
  return {
    api,
    start: async ({ args = [], environment = {}, ...options } = {}) =>
      held.use(
        await startOperator({
          args: ['--kubeconfig', kubeconfig, ...(args.includes('--listen') ? [] : anyPort), ...args],
          environment: { FAKE_TIMINGS: JSON.stringify(timings), ...environment },
          ...options,
        }),
      ),
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

const holder = ({ api }: Scene): string => api.lease?.spec?.holderIdentity ?? '';
/** The leader works, for it comes back to the Lease. */
const isRenewed: Parameters<LeaseApi['until']>[0] = (lease) => Number(lease?.metadata.resourceVersion) > 1;

/** What the controller asks at its start. */
const reading = 'GET /api/v1/namespaces/ops/configmaps/early';

async function probe(operator: OperatorProcess, path: string): Promise<{ status: number; text: string }> {
  const { port } = await operator.logged('Serving health and metrics');
  const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
  return { status: answer.status, text: await answer.text() };
}

describe('the operator as a process', { timeout: 60_000 }, () => {
  it('leads, is ready, and gives the Lease back at once when it is told to stop', async () => {
    await using scene = await openScene();
    const operator = await scene.start();
    await operator.logged('Leading');
    expect(holder(scene)).toMatch(/^.+_[0-9a-f-]{36}$/);
    expect(await probe(operator, '/readyz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await probe(operator, '/healthz')).toEqual({ status: 200, text: 'ok\n' });
    const { text } = await probe(operator, '/metrics');
    expect(text).toContain('leader_election_master_status{name="blockstill-operator"} 1\n');
    expect(text).toMatch(/rest_client_requests_total\{method="POST",host="127.0.0.1:\d+",code="200"\} 1\n/);
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
    expect(holder(scene)).toBe('');
    expect(scene.api.lease?.metadata).toMatchObject({ namespace: 'ops', name: 'blockstill-operator' });
  });

  it('leaves the Lease to another, is ready while it waits, and follows when that one stops', async () => {
    await using scene = await openScene();
    const first = await scene.start();
    await first.logged('Leading');
    const leader = holder(scene);
    const second = await scene.start({ environment: { POD_NAMESPACE: 'ops', FAKE_CONTROLLER: 'unready' } });
    await second.logged('Waiting for the Lease');
    expect((await probe(second, '/metrics')).text).toContain(
      'leader_election_master_status{name="blockstill-operator"} 0\n',
    );
    first.kill('SIGINT');
    expect(await first.ended).toBe(0);
    await second.logged('Leading');
    expect(holder(scene)).not.toBe(leader);
    expect(await probe(second, '/readyz')).toEqual({ status: 503, text: 'It never is.\n' });
  });

  it('is not ready while the Lease can be neither read nor written', async () => {
    await using scene = await openScene();
    scene.api.broken = true;
    const operator = await scene.start();
    await operator.logged('The Lease could not be read or written');
    const { status, text } = await probe(operator, '/readyz');
    expect(status).toBe(503);
    expect(text).toContain("The Lease can't be used: ");
    expect((await probe(operator, '/healthz')).status).toBe(200);
    scene.api.broken = false;
    await operator.logged('Leading');
    expect((await probe(operator, '/readyz')).status).toBe(200);
  });

  it('ends at once when the Lease is lost, though its work does not stop', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ environment: { FAKE_CONTROLLER: 'stubborn' } });
    await operator.logged('Leading');
    scene.api.broken = true;
    const { error } = await operator.logged('The Lease is lost, so the process ends at once');
    expect(error).toMatchObject({ code: 'cluster/leadership-lost' });
    expect(await operator.ended).toBe(1);
    expect(performance.now() / 1000 - scene.api.writtenAt).toBeLessThan(timings.leaseSeconds);
  });

  it('ends at the second signal, and leaves the Lease to run out', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ environment: { FAKE_CONTROLLER: 'stubborn' } });
    await operator.logged('Leading');
    operator.kill('SIGTERM');
    await operator.logged('Told to stop: lets running work end');
    expect(await probe(operator, '/readyz')).toEqual({ status: 503, text: 'The operator is stopping.\n' });
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(143);
    expect(holder(scene)).not.toBe('');
  });

  it('ends with the stack of a defect, and gives the Lease back', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ environment: { FAKE_CONTROLLER: 'failing' } });
    const { error } = await operator.logged('The operator has ended');
    expect(error).toMatchObject({ name: 'RangeError', message: 'off by one' });
    expect(await operator.ended).toBe(1);
    expect(holder(scene)).toBe('');
  });

  it('runs without an election where it is told to', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ args: ['--no-leader-election'] });
    await operator.logged('Started');
    await scene.api.until(() => scene.api.others.length > 0);
    expect((await probe(operator, '/readyz')).status).toBe(200);
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
    expect(scene.api.lease).toBeUndefined();
  });
});

describe('a leader that does not come to its senses', { timeout: 60_000 }, () => {
  it.each([
    ['its event loop is blocked', {}],
    ['it waits for somebody to read its log', { FAKE_BLOCK: 'unread' }],
  ])('is killed before another may lead: %s', async (_why, environment) => {
    await using scene = await openScene();
    const operator = await scene.start({ environment, standardError: 'unread' });
    await scene.api.until(isRenewed);
    operator.kill('SIGUSR2');
    expect(await operator.ended).toBe('SIGKILL');
    const seconds = performance.now() / 1000 - scene.api.writtenAt;
    expect(seconds).toBeLessThan(timings.leaseSeconds);
    expect(seconds).toBeGreaterThan(timings.renewDeadlineSeconds);
  });

  it('says why it ends', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ standardError: 'file' });
    await scene.api.until(isRenewed);
    operator.kill('SIGUSR2');
    expect(await operator.ended).toBe('SIGKILL');
    expect(JSON.parse((await operator.said()).trim().split('\n').at(-1) ?? '')).toMatchObject({
      level: 'error',
      message: 'The process is ended: it was blocked for so long that another one may lead now',
    });
  });

  it('is killed when it wakes from a sleep in which the Lease ran out', async () => {
    await using scene = await openScene();
    const operator = await scene.start();
    await operator.logged('Leading');
    operator.kill('SIGSTOP');
    const follower = await scene.start();
    await follower.logged('Leading');
    const leader = holder(scene);
    operator.kill('SIGCONT');
    expect([1, 'SIGKILL']).toContain(await operator.ended);
    expect(holder(scene)).toBe(leader);
    // Each reads when it begins to lead, or is just about to; neither writes.
    expect(scene.api.others.filter((request) => request !== reading)).toEqual([]);
  });

  it('writes nothing in the turn in which it comes to itself after its time', async () => {
    await using scene = await openScene();
    // Longer than the Lease may be relied on after a renewal, and mostly shorter than the watchdog waits.
    const operator = await scene.start({ environment: { FAKE_BLOCK: '3300' } });
    await operator.logged('Leading');
    await scene.api.until(isRenewed);
    operator.kill('SIGUSR2');
    expect([1, 'SIGKILL']).toContain(await operator.ended);
    expect(scene.api.others).toEqual([reading]);
  });

  it('writes while the Lease holds, however long it was blocked before', async () => {
    await using scene = await openScene();
    const operator = await scene.start({ environment: { FAKE_BLOCK: '1000' } });
    await operator.logged('Leading');
    await scene.api.until(isRenewed);
    operator.kill('SIGUSR2');
    await scene.api.until(() => scene.api.others.length > 1);
    expect(scene.api.others).toEqual([reading, 'POST /api/v1/namespaces/ops/configmaps']);
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
  });
});

describe('a mistake in how it is called', { timeout: 60_000 }, () => {
  it('is exit code 2', async () => {
    await using wrong = await startOperator({ args: ['--qps', 'x'] });
    expect(await wrong.ended).toBe(2);
    await using missing = await startOperator({ args: ['--listen', 'off', '--kubeconfig', '/nowhere'] });
    expect(await missing.ended).toBe(2);
  });

  it('is told without a stack where there is no such kubeconfig', async () => {
    const environment = { KUBECONFIG: '/nowhere' };
    await using operator = await startOperator({ args: ['--listen', 'off'], environment });
    const { error } = await operator.logged('The operator has ended');
    expect(error).toEqual({
      name: 'BlockstillError',
      code: 'cluster/no-configuration',
      message: 'There is no kubeconfig.',
      where: '/nowhere',
      hint: 'Point KUBECONFIG to the file that describes your cluster.',
    });
    expect(await operator.ended).toBe(2);
  });

  it('is exit code 1 where the address is taken by another', async () => {
    await using scene = await openScene();
    const port = new URL(scene.api.origin).port;
    const operator = await scene.start({ args: ['--listen', `127.0.0.1:${port}`] });
    const { error } = await operator.logged('The operator has ended');
    expect(error).toMatchObject({ code: 'operator/cannot-listen', cause: { code: 'EADDRINUSE' } });
    expect(JSON.stringify(error)).not.toContain('"stack"');
    expect(await operator.ended).toBe(1);
  });
});

import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { leaseStore, type LeaseSpec } from '../../operator/kube/lease.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { startOperator, type OperatorProcess } from '../operator/start-operator.ts';
import { kubeconfigWithToken, openClient } from './open-client.ts';
import { useApiServer } from './use-api-server.ts';

const program = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))('the operator program', () => {
  const server = useApiServer();

  async function start(...args: readonly string[]): Promise<OperatorProcess> {
    const { kubeconfig, namespace } = server();
    return await startOperator({
      program,
      args: ['--kubeconfig', kubeconfig, '--leader-election-namespace', namespace, ...args],
      environment: { BLOCKSTILL_LISTEN: '127.0.0.1:0' },
    });
  }

  async function leaseOf(name: string): Promise<LeaseSpec | undefined> {
    await using client = openClient(server().kubeconfig);
    const leases = leaseStore(client, { namespace: server().namespace, name });
    return (await leases.get(AbortSignal.timeout(10_000)))?.spec;
  }

  async function probe(operator: OperatorProcess, path: string): Promise<string> {
    const { port } = await operator.logged('Serving health and metrics');
    const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
    return `${answer.status} ${await answer.text()}`;
  }

  async function untilReady(operator: OperatorProcess): Promise<void> {
    await waitFor('the operator to be ready', async () =>
      (await probe(operator, '/readyz')) === '200 ok\n' ? true : undefined,
    );
  }

  test('leads and is ready; told to stop, it gives the Lease back and ends at once', async () => {
    await using operator = await start('--lease-name', 'stop');
    await operator.logged('Leading');
    await untilReady(operator);
    expect((await leaseOf('stop'))?.holderIdentity).toMatch(/_[0-9a-f-]{36}$/);
    operator.kill('SIGTERM');
    expect(await operator.ended).toBe(0);
    expect((await leaseOf('stop'))?.holderIdentity).toBeUndefined();
  });

  test('a second one waits, ready, and takes over when the first is killed, but not before its Lease has run out', async () => {
    await using first = await start('--lease-name', 'killed');
    await first.logged('Leading');
    await using second = await start('--lease-name', 'killed');
    await second.logged('Waiting for the Lease');
    await untilReady(second);
    first.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const killedAt = performance.now();
    await second.logged('Leading');
    // 15 s from the last renewal, which was at most about 2 s before the end.
    expect((performance.now() - killedAt) / 1000).toBeGreaterThan(12);
    expect((await leaseOf('killed'))?.leaseTransitions).toBe(1);
    await untilReady(second);
  });

  test('a second one takes over within seconds when the first is told to stop', async () => {
    await using first = await start('--lease-name', 'handed-over');
    await first.logged('Leading');
    await using second = await start('--lease-name', 'handed-over');
    await second.logged('Waiting for the Lease');
    first.kill('SIGINT');
    expect(await first.ended).toBe(0);
    const winner = await Promise.race([
      second.logged('Leading'),
      setTimeout(12_000, 'nobody', { ref: false }),
    ]);
    expect(winner).not.toBe('nobody');
  });

  test('counts its requests, and says that it leads', async () => {
    await using operator = await start('--lease-name', 'metrics', '--namespace', server().namespace);
    await operator.logged('Leading');
    await waitFor('metrics', async () => {
      const text = await probe(operator, '/metrics');
      return /rest_client_requests_total\{method="GET",host="[^"]+",code="200"\} [1-9]/.test(text)
        ? true
        : undefined;
    });
    expect(await probe(operator, '/metrics')).toContain('leader_election_master_status{name="metrics"} 1\n');
  });

  test('is not ready, and says why, where it may not touch the Lease', async () => {
    await server().kubectl(['create', 'serviceaccount', 'weak']);
    const token = (await server().kubectl(['create', 'token', 'weak'])).trim();
    await using weak = await kubeconfigWithToken(server().kubeconfig, token);
    await using operator = await startOperator({
      program,
      args: ['--kubeconfig', weak.path, '--leader-election-namespace', server().namespace],
      environment: { BLOCKSTILL_LISTEN: '127.0.0.1:0' },
    });
    await operator.logged('The Lease could not be read or written');
    expect(await probe(operator, '/readyz')).toMatch(/^503 The Lease can't be used: .*403 Forbidden.*leases/);
  });
});

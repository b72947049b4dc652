import { createReadStream } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditArguments, auditLog } from '../bench/operator/audit-log.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { operatorKubeconfig } from '../cluster/operator-kubeconfig.ts';
import { waitFor } from '../cluster/wait-for.ts';
import type { OperatorProcess } from '../operator/start-operator.ts';
import { serverArguments, startKueue, type KueueStandIn } from './kueue.ts';
import { allOnce, conditionsOf, isOver, startOperatorWorld, type OperatorWorld } from './operator-world.ts';

const operator = 'system:serviceaccount:blockstill-system:blockstill-operator';
const labels = { 'kueue.x-k8s.io/queue-name': 'gpus' };
const units = [0, 1, 2, 3, 4];

interface AuditEvent {
  readonly verb: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly requestObject?: Readonly<Record<string, unknown>> & {
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
}

describe.skipIf(cannotRun('Queues', await whyNoControlPlane()))('while its queue holds a job back', () => {
  const held = new AsyncDisposableStack();
  let world: OperatorWorld;
  let kueue: KueueStandIn;
  let folder: string;
  let kubeconfig: string;

  beforeAll(async () => {
    folder = held.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-audit-'))).path;
    world = held.use(
      await startOperatorWorld({
        gpus: 40,
        serverArguments: async () => [
          ...(await serverArguments()),
          ...(await auditArguments(folder, [operator], 'Request')),
        ],
      }),
    );
    kueue = await startKueue(world);
    kubeconfig = await operatorKubeconfig(world.controlPlane.kubeconfig, folder);
  });
  afterAll(async () => await held.disposeAsync());

  const start = async (): Promise<OperatorProcess> =>
    await world.startOperator({ args: ['--worker-image', 'example.dev/worker:1'], kubeconfig });
  const kill = async (process: OperatorProcess): Promise<void> => {
    process.kill('SIGKILL');
    await process.ended;
  };
  const untilQueued = async (name: string, unit: string): Promise<unknown> =>
    await world.until(
      name,
      'to be queued',
      (status) =>
        conditionsOf(status).includes('Reconciling=True:Queued') &&
        status.conditions?.[0]?.message === `${unit} waits for its turn in the queue gpus.`,
    );
  const running = async (name: string, pod: string): Promise<unknown> =>
    await waitFor(`a pod of ${pod} that has run for two seconds`, async () =>
      (await world.podsOf(name)).some(
        ({ metadata, status }) =>
          metadata.name?.startsWith(pod) &&
          status?.phase === 'Running' &&
          Date.now() - Date.parse(metadata.creationTimestamp ?? '') > 2000,
      )
        ? true
        : undefined,
    );

  test('the operator can go and come again, and nothing is tried twice', async () => {
    const first = await start();
    await world.create('left', { labels, spec: { backoffLimit: 0 }, parts: { 'unit-000': ['Waits'] } });
    await untilQueued('left', 'prepare');
    await kill(first);
    const second = await start();
    await kueue.admit('left-p000-1');
    for (const unit of units) await kueue.admit(`left-u00${unit}-1`);
    await running('left', 'left-u000-1');
    await kueue.evict('left-u000-1');
    await untilQueued('left', 'unit-000');
    await kill(second);
    await using _third = await start();
    await kueue.admit('left-u000-1');
    await running('left', 'left-u000-1');
    world.letGo('left');
    await kueue.admit('left-f000-1');
    const status = await world.until('left', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(await world.jobsOf('left')).toHaveLength(7);
    expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
    expect(await world.trainings('left')).toEqual(allOnce);
    expect(status.pods?.filter(({ unit }) => unit === 'unit-000')).toHaveLength(2);
    expect(status.speedup?.parallelSeconds).toBeGreaterThanOrEqual(4);
    // Which pods ran when is known, so that nothing else is the matter but that played work takes no time.
    expect(status.speedup?.reason).toBe('No unit has a result to estimate a serial run from.');
  });

  test('preempted while no operator is there, it goes on, and what nobody saw is unknown', async () => {
    const first = await start();
    await world.create('alone', { labels, spec: { backoffLimit: 0 }, parts: { 'unit-000': ['Waits'] } });
    await kueue.admit('alone-p000-1');
    for (const unit of units) await kueue.admit(`alone-u00${unit}-1`);
    await running('alone', 'alone-u000-1');
    await kill(first);
    await kueue.evict('alone-u000-1');
    await using _second = await start();
    await untilQueued('alone', 'unit-000');
    await kueue.admit('alone-u000-1');
    await running('alone', 'alone-u000-1');
    world.letGo('alone');
    await kueue.admit('alone-f000-1');
    const status = await world.until('alone', 'to end', isOver);
    expect(status.phase).toBe('Complete');
    expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
    expect(await world.trainings('alone')).toEqual(allOnce);
    expect(status.speedup?.value).toBeUndefined();
    expect(status.speedup?.queueSeconds).toBeUndefined();
    expect(status.speedup?.reason).toContain(
      'The speedup is unknown. It is not known of all attempts at unit-000 how long they ran.',
    );
  });

  test('the operator writes neither whether a Job is suspended nor its template: those are of its queue', async () => {
    await using _operator = await start();
    await world.create('audited', { labels, parts: { 'unit-000': ['Waits'] } });
    await kueue.admit('audited-p000-1');
    for (const unit of units) await kueue.admit(`audited-u00${unit}-1`);
    await running('audited', 'audited-u000-1');
    await kueue.evict('audited-u000-1');
    await kueue.admit('audited-u000-1');
    world.letGo('audited');
    const written = await waitFor('all results to be noted down', async () => {
      const events = await changesOfJobs(auditLog(folder));
      const names = new Set(events.map(({ objectRef }) => objectRef?.name));
      return units.every((unit) => names.has(`audited-u00${unit}-1`)) ? events : undefined;
    });
    await kueue.admit('audited-f000-1');
    await world.until('audited', 'to end', isOver);
    const fields = written.map(({ verb, objectRef, requestObject: { metadata = {}, ...rest } = {} }) => {
      const inMetadata = Object.keys(metadata).filter((name) => !['uid', 'resourceVersion'].includes(name));
      return [verb, objectRef?.subresource, ...Object.keys(rest), ...inMetadata].join(' ');
    });
    expect([...new Set(fields)]).toEqual(['patch  annotations']);
  });
});

/** What the operator has written to Jobs that were there. */
async function changesOfJobs(log: string): Promise<readonly AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(log) })) {
    const event = JSON.parse(line) as AuditEvent;
    if (event.objectRef?.resource === 'jobs' && ['update', 'patch'].includes(event.verb)) events.push(event);
  }
  return events;
}

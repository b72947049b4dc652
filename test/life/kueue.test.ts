import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { jobs } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { serverArguments, startKueue, unguardedQueue, type KueueStandIn, type QueuedJob } from './kueue.ts';
import {
  allOnce,
  conditionsOf,
  isOver,
  namespace,
  startOperatorWorld,
  type OperatorWorld,
} from './operator-world.ts';

const labels = { 'kueue.x-k8s.io/queue-name': 'gpus', 'kueue.x-k8s.io/priority-class': 'low' };
const workerImage = ['--worker-image', 'example.dev/worker:1'];
const isQueued = (status: DistillationJobStatus): boolean =>
  conditionsOf(status).includes('Reconciling=True:Queued');

describe.skipIf(cannotRun('Queues', await whyNoControlPlane()))('a job in a queue of Kueue', () => {
  const held = new AsyncDisposableStack();
  let world: OperatorWorld;
  let kueue: KueueStandIn;

  beforeAll(async () => {
    world = held.use(await startOperatorWorld({ gpus: 40, serverArguments }));
    kueue = await startKueue(world);
    held.use(await world.startOperator(workerImage));
  });
  afterAll(async () => await held.disposeAsync());

  const running = async (pod: string): Promise<unknown> =>
    await waitFor(`a pod of ${pod} that runs`, async () => {
      const all = await world.podsOf(pod.slice(0, pod.lastIndexOf('-', pod.length - 3)));
      return all.some(({ metadata, status }) => metadata.name?.startsWith(pod) && status?.phase === 'Running')
        ? true
        : undefined;
    });
  const namesOf = async (name: string): Promise<string[]> =>
    (await world.jobsOf(name))
      .map(({ metadata }) => metadata.name ?? '')
      .toSorted((a, b) => a.localeCompare(b));
  /** Times in a cluster are whole seconds. */
  const secondsLater = async (seconds: number, since = Date.now()): Promise<unknown> =>
    await waitFor(`${seconds} s`, async () => (Date.now() - since > seconds * 1000 ? true : undefined));
  const admitUnits = async (name: string, units: readonly number[]): Promise<void> => {
    await Promise.all(units.map(async (unit) => await kueue.admit(`${name}-u00${unit}-1`)));
  };
  const admitToTheEnd = async (name: string): Promise<DistillationJobStatus> => {
    world.letGo(name);
    await kueue.admit(`${name}-f000-1`);
    return await world.until(name, 'to end', isOver);
  };

  test('is queued, not stuck, and no deadline runs meanwhile', async () => {
    const spec = { activeDeadlineSeconds: 2, execution: { pendingDeadlineSeconds: 2 } };
    await world.create('queued', { labels, spec });
    const { metadata } = await kueue.held('queued-p000-1');
    expect(metadata.labels).toMatchObject(labels);
    const status = await world.until('queued', 'to be queued', isQueued);
    expect(conditionsOf(status)).toEqual(['Ready=Unknown:Queued', 'Reconciling=True:Queued']);
    expect(status.conditions?.[0]?.message).toBe('prepare waits for its turn in the queue gpus.');
    expect(status.phase).toBe('Pending');
    await secondsLater(5, Date.parse(metadata.creationTimestamp ?? ''));
    // The operator looks at it once more.
    await world.edit('queued', { spec: { activeDeadlineSeconds: 600 } });
    const later = await world.until(
      'queued',
      'to be looked at',
      ({ observedGeneration }) => observedGeneration === 2,
    );
    expect(conditionsOf(later)).toEqual(['Ready=Unknown:Queued', 'Reconciling=True:Queued']);
    await kueue.admit('queued-p000-1');
    await admitUnits('queued', [0, 1, 2, 3, 4]);
    expect((await admitToTheEnd('queued')).phase).toBe('Complete');
    expect(await world.trainings('queued')).toEqual(allOnce);
  });

  test('has places of maxParallel taken by units that are queued', async () => {
    const spec = { execution: { maxParallel: 2 } };
    // Whichever begin.
    const names = [0, 1, 2, 3, 4].map((index) => `unit-00${index}`);
    const parts = Object.fromEntries(names.map((unit) => [unit, ['Waits' as const]]));
    await world.create('places', { labels, spec, parts });
    await kueue.admit('places-p000-1');
    const both = await world.until(
      'places',
      'to say so',
      ({ conditions }) => conditions?.[0]?.message.endsWith('The same holds for 1 other unit.') === true,
    );
    expect(isQueued(both)).toBe(true);
    const distill = async (): Promise<string[]> =>
      (await namesOf('places')).filter((name) => name.includes('-u0'));
    const first = await distill();
    expect(first).toHaveLength(2);
    await kueue.admit(first[0] ?? '');
    const status = await world.until(
      'places',
      'to run',
      ({ conditions }) => conditions?.[0]?.message.startsWith('1 of 5 units') === true,
    );
    expect(status.conditions?.[0]).toMatchObject({ reason: 'Distilling' });
    expect(status.conditions?.[0]?.message).toContain('waits for its turn in the queue gpus.');
    expect(await distill()).toEqual(first);
    world.letGo('places');
    for (const which of ['second', 'third', 'fourth', 'fifth']) {
      const next = await waitFor(`the ${which} unit to be held back`, async () => {
        const all: readonly QueuedJob[] = await world.jobsOf('places');
        return all.find(({ spec: { suspend } }) => suspend === true);
      });
      await kueue.admit(next.metadata.name ?? '');
    }
    expect((await admitToTheEnd('places')).phase).toBe('Complete');
  });

  test('goes on where it was when it is preempted, at no cost of a retry, and shows the time in the queue', async () => {
    const spec = { backoffLimit: 0 };
    const parts = { 'unit-000': ['Waits'], 'unit-001': ['Waits'] } as const;
    await world.create('preempted', { labels, spec, parts });
    await kueue.admit('preempted-p000-1');
    await admitUnits('preempted', [0, 1, 2, 3, 4]);
    await running('preempted-u000-1');
    await running('preempted-u001-1');
    await secondsLater(2);
    await kueue.evict('preempted-u000-1');
    const queued = await world.until(
      'preempted',
      'to have one unit in the queue',
      ({ conditions }) =>
        conditions?.[0]?.message.includes('unit-000 waits for its turn in the queue gpus') === true,
    );
    expect(queued.conditions?.[0]?.reason).toBe('Distilling');
    const preemptedAt = Date.now();
    world.letGo('preempted', 'unit-001');
    await world.until('preempted', 'to have nothing else', isQueued);
    await secondsLater(4, preemptedAt);
    // As it was, so that it may go to nodes of another flavor.
    const { spec: back } = await kueue.held('preempted-u000-1');
    expect(back.template.spec.nodeSelector).toBeUndefined();
    await kueue.admit('preempted-u000-1', 'gpu-large');
    await running('preempted-u000-1');
    await secondsLater(2);
    const status = await admitToTheEnd('preempted');
    expect(status.phase).toBe('Complete');
    expect(await namesOf('preempted')).toHaveLength(7);
    expect(status.blocks?.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
    expect(await world.trainings('preempted')).toEqual(allOnce);
    const { uid } = (await world.get('preempted')).metadata;
    const outcomes = world.worker.ledger.filter((run) => run.jobUid === uid && run.unit === 'unit-000');
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['Interrupted', 'Committed']);
    const { reason, queueSeconds = 0, parallelSeconds = 0 } = status.speedup ?? {};
    // Which pods ran when is known, so that nothing else is the matter but that played work takes no time.
    expect(reason).toBe('No unit has a result to estimate a serial run from.');
    expect(queueSeconds).toBeGreaterThanOrEqual(3);
    expect(queueSeconds).toBeLessThanOrEqual(parallelSeconds);
  });

  test('loses nothing when its pods are not ready in time and their quota is taken back', async () => {
    const parts = { prepare: ['ImagePullBackOff'] } as const;
    await world.create('unready', { labels, spec: { backoffLimit: 0 }, parts });
    await kueue.admit('unready-p000-1');
    await world.until('unready', 'to wait for its image', (status) =>
      conditionsOf(status).includes('Reconciling=True:WaitingForImage'),
    );
    await kueue.evict('unready-p000-1');
    await world.until('unready', 'to be queued again', isQueued);
    await kueue.admit('unready-p000-1');
    await admitUnits('unready', [0, 1, 2, 3, 4]);
    const status = await admitToTheEnd('unready');
    expect([status.phase, status.attempts?.prepare]).toEqual(['Complete', 1]);
  });

  test('loses nothing when it is held back only after its pod has begun', async () => {
    const queue = { 'kueue.x-k8s.io/queue-name': unguardedQueue };
    await world.create('unguarded', {
      labels: queue,
      spec: { backoffLimit: 0 },
      parts: { prepare: ['Waits'] },
    });
    await running('unguarded-p000-1');
    await kueue.evict('unguarded-p000-1');
    await world.until('unguarded', 'to be queued', isQueued);
    world.letGo('unguarded');
    await kueue.admit('unguarded-p000-1');
    const status = await world.until('unguarded', 'to end', isOver);
    expect([status.phase, status.attempts?.prepare]).toEqual(['Complete', 1]);
    expect(await world.trainings('unguarded')).toEqual(allOnce);
  });

  test('can be suspended while it is queued, and queues anew when it goes on', async () => {
    await world.create('paused', { labels });
    await kueue.held('paused-p000-1');
    await world.edit('paused', { spec: { suspend: true } });
    const suspended = await world.until('paused', 'to be suspended', ({ phase }) => phase === 'Suspended');
    expect(conditionsOf(suspended)).toEqual(['Ready=Unknown:Suspended', 'Suspended=True:Suspended']);
    expect(await namesOf('paused')).toEqual([]);
    await world.edit('paused', { spec: { suspend: false } });
    await kueue.held('paused-p000-2');
    await world.until('paused', 'to be queued', isQueued);
    await world.kubectl(['delete', 'distill', 'paused', '-n', namespace, '--timeout=30s']);
    await waitFor('its Job to be gone', async () =>
      (await world.client.get(jobs, { namespace, name: 'paused-p000-2' })) === undefined ? true : undefined,
    );
  });
});

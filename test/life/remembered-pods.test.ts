import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PodStatus } from '../../crds/status.ts';
import { pods } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { isOver, namespace, startOperatorWorld, type OperatorWorld } from './operator-world.ts';

const cannot = cannotRun('The pods that a status remembers', await whyNoControlPlane());

describe.skipIf(cannot)('the status of a job remembers its pods', () => {
  const held = new AsyncDisposableStack();
  let world: OperatorWorld;

  beforeAll(async () => {
    world = held.use(await startOperatorWorld({ gpus: 5 }));
    held.use(await world.startOperator(['--worker-image', 'example.dev/worker:1']));
  });
  afterAll(async () => await held.disposeAsync());

  const runningPod = async (name: string, unit: string): Promise<string> =>
    await waitFor(`two seconds of ${unit}`, async () => {
      const pod = (await world.podsOf(name)).find(
        ({ metadata, status }) => metadata.name?.includes(unit) && status?.phase === 'Running',
      );
      const created = Date.parse(pod?.metadata.creationTimestamp ?? '');
      return Date.now() - created > 2000 ? pod?.metadata.name : undefined;
    });
  const seconds = ({ startTime = '', endTime = '' }: Partial<PodStatus> = {}): number =>
    (Date.parse(endTime) - Date.parse(startTime)) / 1000;

  test('when their Jobs were deleted with a suspension: speedup and GPU seconds count them', async () => {
    await world.create('paused', { parts: { 'unit-000': ['Waits'] } });
    const first = await runningPod('paused', 'u000-1');
    await world.edit('paused', { spec: { suspend: true } });
    await world.until('paused', 'to be suspended', ({ phase }) => phase === 'Suspended');
    expect((await world.podsOf('paused')).map(({ metadata }) => metadata.name)).not.toContain(first);
    world.letGo('paused');
    await world.edit('paused', { spec: { suspend: false } });
    const status = await world.until('paused', 'to end', isOver);
    const own = status.pods?.filter(({ unit }) => unit === 'unit-000') ?? [];
    expect(own.map(({ name, attempt }) => [name.replace(/-[^-]*$/, ''), attempt])).toEqual([
      ['paused-u000-1', 1],
      ['paused-u000-2', 2],
    ]);
    expect(own[0]?.name).toBe(first);
    expect(seconds(own[0])).toBeGreaterThanOrEqual(1);
    // Known only where the times of all attempts are.
    expect(status.speedup?.parallelSeconds).toBeGreaterThanOrEqual(2);
    expect(status.speedup?.queueSeconds).toBeGreaterThanOrEqual(0);
    const all = status.pods?.map((pod) => seconds(pod)).reduce((total, each) => total + each, 0);
    expect(Number(status.summary?.gpuSeconds)).toBe(all);
  });

  test('when one was replaced within its Job: both are of one attempt', async () => {
    await world.create('replaced', { parts: { 'unit-001': ['Waits'] } });
    const first = await runningPod('replaced', 'u001-1');
    await world.client.delete(pods, { namespace, name: first }, {});
    await waitFor('another pod', async () => {
      const names = (await world.podsOf('replaced')).map(({ metadata }) => metadata.name ?? '');
      return names.some((name) => name.includes('u001-1') && name !== first) || undefined;
    });
    world.letGo('replaced');
    const status = await world.until('replaced', 'to end', isOver);
    const own = status.pods?.filter(({ unit }) => unit === 'unit-001') ?? [];
    expect(own.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(own[0]?.name).toBe(first);
    expect(seconds(own[0])).toBeGreaterThanOrEqual(1);
    // Known only where the times of all attempts are.
    expect(status.speedup?.parallelSeconds).toBeGreaterThanOrEqual(2);
    expect(await world.trainings('replaced')).toMatchObject({ 'unit-001': 1 });
  });
});

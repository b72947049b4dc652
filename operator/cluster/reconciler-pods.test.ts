import { describe, expect, it } from 'vitest';
import { podStatus, time } from './testing/children.ts';
import { kubePods } from './kube-objects.ts';
import { SmallWorld } from './testing/small-world.ts';

/** Both units run from second 105 on, and the job is suspended; their pods end at 145. */
async function suspended(): Promise<SmallWorld> {
  const world = await new SmallWorld().distilling();
  for (const index of [0, 1])
    world.pod({ index, createdAt: 100, node: 'gpu-1', status: podStatus.running(105) });
  await world.clock.advance(120);
  await world.reconcile();
  world.edit({ spec: { suspend: true } });
  await world.reconcile();
  const status = podStatus.ended(75, { startedAt: time(105), finishedAt: time(145) });
  for (const index of [0, 1]) world.pod({ index, createdAt: 100, node: 'gpu-1', status });
  await world.reconcile();
  world.removePods();
  await world.clock.advance(60);
  await world.reconcile();
  return world;
}

/** Both units go on from second 305, and all ends. */
async function resumed(world: SmallWorld): Promise<SmallWorld> {
  await world.clock.advance(100);
  world.edit({});
  await world.reconcile();
  await world.clock.advance(20);
  await world.reconcile();
  for (const index of [0, 1]) world.commit('Distill', index, 2, { times: [305, 395] });
  await world.reconcile();
  world.commit('Finetune', 0, 1, { times: [400, 450] });
  await world.reconcile();
  return world;
}

const podsOf = ({ status }: SmallWorld) =>
  status.pods?.map(({ unit, attempt, startTime, endTime }) => [unit, attempt, startTime, endTime]);

const both = (attempt: number, start: number, end: number) =>
  ['unit-000', 'unit-001'].map((unit) => [
    unit,
    attempt,
    new Date(time(start)).toISOString(),
    new Date(time(end)).toISOString(),
  ]);

describe('a job that was suspended', () => {
  it('knows at its end how long its units ran before, and what parallel work gained', async () => {
    const world = await resumed(await suspended());
    expect(world.status.phase).toBe('Complete');
    expect(podsOf(world)).toEqual(expect.arrayContaining([...both(1, 105, 145), ...both(2, 305, 395)]));
    expect(world.status.speedup).toMatchObject({ workers: 2, basis: 'Estimated' });
    // 90 seconds of prepare, finetune's 50, and of two units 40 and 90 each.
    expect(world.status.summary?.gpuSeconds).toBe('400');
    expect(world.status.blocks?.map(({ startTime }) => startTime)).toEqual([
      new Date(time(105)).toISOString(),
      new Date(time(105)).toISOString(),
    ]);
  });

  it('knows it also where another operator goes on', async () => {
    const world = await suspended();
    world.restartOperator();
    await resumed(world);
    expect(world.status.summary?.gpuSeconds).toBe('400');
    expect(world.status.speedup).toHaveProperty('value');
  });
});

it('a pod that is replaced within its Job counts with the one that follows', async () => {
  const world = await new SmallWorld().distilling();
  world.pod({ index: 0, suffix: 'first', createdAt: 90, status: podStatus.running(100) });
  world.run('Distill', 1);
  await world.reconcile();
  world.pod({ index: 0, suffix: 'first', createdAt: 90, deadline: 200, status: podStatus.running(100) });
  await world.clock.advance(130);
  world.cluster.remove(kubePods, 'mnist-u000-1-first');
  await world.reconcile();
  world.commit('Distill', 0, 1, { times: [205, 295] });
  world.commit('Distill', 1, 1, { times: [205, 245] });
  await world.reconcile();
  expect(podsOf(world)).toEqual(
    expect.arrayContaining([
      ['unit-000', 1, new Date(time(100)).toISOString(), new Date(time(130)).toISOString()],
      ['unit-000', 1, new Date(time(205)).toISOString(), new Date(time(295)).toISOString()],
    ]),
  );
  expect(world.status.speedup).toMatchObject({ basis: 'Estimated' });
});

it('a pod whose end nobody saw leaves the speedup unknown, with the reason', async () => {
  const world = await new SmallWorld().distilling();
  world.run('Distill', 0);
  world.run('Distill', 1);
  await world.clock.advance(60);
  await world.reconcile();
  world.removePods();
  world.removeJobs();
  world.restartOperator();
  await world.reconcile();
  await world.clock.advance(60);
  await world.reconcile();
  for (const index of [0, 1]) world.commit('Distill', index, 2, { times: [305, 395] });
  await world.reconcile();
  expect(world.status.speedup).not.toHaveProperty('value');
  expect(world.status.speedup?.reason).toContain('not known of all attempts at unit-000 how long they ran');
});

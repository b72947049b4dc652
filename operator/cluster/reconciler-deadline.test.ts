import { expect, it } from 'vitest';
import { complete, failed, podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

const limit = { spec: { activeDeadlineSeconds: 3600 } };

/** Prepare's pod has run for 90 s, and the units are about to. */
async function distilling(): Promise<SmallWorld> {
  const world = await new SmallWorld(limit).distilling();
  await world.clock.advance(100);
  return world;
}

async function run(world: SmallWorld, attempt: number): Promise<void> {
  const status = podStatus.running(world.clock.seconds());
  for (const index of [0, 1]) world.pod({ stage: 'Distill', index, attempt, status });
  await world.reconcile();
}

async function suspend(world: SmallWorld): Promise<void> {
  world.edit({ spec: { ...limit.spec, suspend: true } });
  await world.reconcile();
  world.removePods();
  await world.reconcile();
  await world.clock.advance(10);
  await world.reconcile();
  expect(world.status.phase).toBe('Suspended');
  world.edit(limit);
}

const ways: readonly { readonly of: string; readonly leave: (world: SmallWorld) => Promise<void> }[] = [
  { of: 'was suspended', leave: suspend },
  {
    of: 'was suspended before the operator was started again',
    leave: async (world) => {
      await suspend(world);
      world.restartOperator();
    },
  },
  {
    of: 'was rid of its Jobs',
    leave: async (world) => {
      world.removeJobs();
      world.removePods();
      await world.reconcile();
    },
  },
];

it.each(ways)('a job that $of has only what was left of its time', async ({ leave }) => {
  const world = await distilling();
  await run(world, 1);
  await world.clock.advance(3000);
  await leave(world);
  await world.clock.advance(4000);
  for (let look = 0; look < 3; look += 1) await world.reconcile();
  expect(world.status.activity?.seconds).toBe(3090);
  await run(world, 2);
  await world.clock.advance(509);
  await world.reconcile();
  expect(world.conditions).not.toHaveProperty('Failed');
  await world.clock.advance(1);
  await world.reconcile();
  expect(world.conditions).toMatchObject({ Failed: 'DeadlineExceeded' });
});

it('a job whose pods go on is not written for the time that passes', async () => {
  const world = await distilling();
  await run(world, 1);
  await world.reconcile();
  await world.clock.advance(600);
  expect(await world.writes()).not.toContain('status distillationjobs/mnist');
});

const absences: readonly { readonly of: string; readonly happen: (world: SmallWorld) => void }[] = [
  {
    of: 'units failed and went with their node',
    happen: (world) => {
      for (const index of [0, 1])
        world.end({ stage: 'Distill', index, attempt: 1 }, failed('BackoffLimitExceeded', 'gone', 400));
      world.removePods();
    },
  },
  {
    of: 'the job was suspended',
    happen: (world) => {
      world.edit({ spec: { ...limit.spec, suspend: true } });
      world.removePods();
    },
  },
  {
    of: 'units were committed, and their pods went',
    happen: (world) => {
      for (const index of [0, 1]) world.end({ stage: 'Distill', index, attempt: 1 }, complete(400));
      world.removePods();
    },
  },
];

it.each(absences)('a job is not ended for the time in which nobody watched: $of', async ({ happen }) => {
  const world = await distilling();
  await run(world, 1);
  await world.clock.advance(200);
  happen(world);
  await world.clock.advance(10_000);
  world.restartOperator();
  for (let look = 0; look < 3; look += 1) await world.reconcile();
  expect(world.status.phase).not.toBe('Failed');
  expect(world.status.activity?.seconds).toBeLessThan(500);
});

import { expect, it } from 'vitest';
import { complete, failed, podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

const unit = { stage: 'Distill', index: 0, attempt: 1 } as const;

/** The events of attempts, once the first one of a unit has a successor. */
async function eventsOfNextAttempt(world: SmallWorld): Promise<string[]> {
  await world.clock.advance(400);
  for (let look = 0; look < 3; look += 1) await world.reconcile();
  // Both are still seen: that nothing is told is not because nothing is known.
  expect(world.jobNames).toEqual(expect.arrayContaining(['mnist-u000-1', 'mnist-u000-2']));
  return world.cluster.writes.filter((write) => write.startsWith('event Attempt'));
}

it.each([
  {
    of: 'lost the word of what it did',
    end: (world: SmallWorld) => {
      world.pod({ ...unit, status: podStatus.ended(0) });
      world.end(unit, complete());
    },
  },
  {
    of: 'was on a node that is gone',
    end: (world: SmallWorld) => {
      world.pod({ ...unit, node: 'gpu-1', deadline: 30, status: podStatus.running() });
    },
  },
])('tells of an attempt that $of, when the next one begins', async ({ end }) => {
  const world = await new SmallWorld().distilling();
  end(world);
  await world.reconcile();
  expect(await eventsOfNextAttempt(world)).toEqual(['event AttemptInterrupted']);
});

it('tells of an attempt once, and writes nothing again, where the resource has no place for all of the status', async () => {
  const world = new SmallWorld();
  world.cluster.unknownInStatus = ['attempts', 'activity'];
  await world.reconcile();
  world.pod({ stage: 'Prepare', status: podStatus.ended(1) });
  world.end({ ...unit, stage: 'Prepare' }, failed());
  await world.reconcile();
  await world.clock.advance(400);
  for (let look = 0; look < 3; look += 1) await world.reconcile();
  world.run('Prepare', 0, 2);
  for (let look = 0; look < 3; look += 1) await world.reconcile();
  expect(world.jobNames).toEqual(['mnist-p000-1', 'mnist-p000-2']);
  expect(world.status).not.toHaveProperty('attempts');
  await world.clock.advance(400);
  expect(await world.writes()).toEqual([]);
  expect(world.cluster.writes.filter((write) => write.startsWith('event Attempt'))).toEqual([
    'event AttemptFailed',
  ]);
});

it('tells nothing of an attempt that was only suspended, whatever its worker said of that', async () => {
  const world = await new SmallWorld().distilling();
  world.run('Distill', 0);
  await world.reconcile();
  world.edit({ spec: { suspend: true } });
  await world.reconcile();
  const message = 'Stopped by a signal; the checkpoint is committed.';
  world.pod({ ...unit, status: podStatus.ended(75, { message }) });
  await world.clock.advance(10);
  await world.reconcile();
  expect(world.conditions).toEqual({ Suspended: 'Suspended' });
  world.edit({});
  expect(await eventsOfNextAttempt(world)).toEqual([]);
});

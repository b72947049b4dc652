import { describe, expect, it } from 'vitest';
import { anObserved, at, distilled, failed, finetuned, running } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed } from './observed.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
const all = [...three, finetuned()];

const removed = (observed: Observed, now = at(20)): string[] =>
  decide(observed, now).remove.map(({ id }) => id);

describe('attempts are removed', () => {
  it.each([
    { of: 'when prepare is to stand still', attempts: [running('prepare', { number: 2 })], change: { stop } },
    { of: 'when a unit is to stand still', attempts: [running('unit-000')], change: { stop } },
    {
      of: 'when a unit that waits is to stand still',
      attempts: [running('unit-000', { state: 'Pending' })],
      change: { stop },
    },
    {
      of: 'when finetune is to stand still',
      attempts: [...three, running('finetune')],
      change: { stop },
    },
    {
      of: 'when another unit has failed the job',
      attempts: [failed('unit-001', { exitCode: 64 }), running('unit-000')],
      change: {},
    },
    {
      of: 'when the job turns out to be invalid',
      attempts: [running('unit-000')],
      change: { invalid: { reason: 'InvalidSpec', message: 'No.' } },
    },
    {
      of: 'when they wait with what the user has changed since',
      attempts: [running('unit-000', { state: 'Pending', startTime: undefined, revision: 1 })],
      change: { revision: 2 },
    },
    {
      of: 'when their pod is given up',
      attempts: [running('unit-000', { state: 'Interrupted', abandoned: true })],
      change: {},
    },
  ])('$of', ({ attempts, change }) => {
    expect(removed(anObserved(attempts, change))).toEqual([attempts.at(-1)?.id]);
  });

  it.each([
    { of: 'while they are ending', attempts: [running('unit-000', { stopping: true })], change: { stop } },
    {
      of: 'when they have ended',
      attempts: [distilled('unit-000', 'a'), failed('unit-001')],
      change: { stop },
    },
    { of: 'while they work', attempts: [running('unit-000')], change: {} },
  ])('not $of', ({ attempts, change }) => {
    expect(removed(anObserved(attempts, change))).toEqual([]);
  });
});

it('looks again when a pod that does not end is given up, also while the job stands still', () => {
  const observed = anObserved([running('unit-000', { stopping: true })], { stop, changesAt: at(50) });
  expect(decide(observed, at(20)).requeueAfterSeconds).toBe(30);
  expect(decide(anObserved([], { stop }), at(20)).requeueAfterSeconds).toBeUndefined();
});

describe('when a job has ended', () => {
  const policy = { onUnitFailure: 'Fail', backoffLimit: 3, ttlSecondsAfterFinished: 60 } as const;
  const previous = decide(anObserved(all), at(20)).status;

  it('its attempts stay until their time has come, and then go', () => {
    // Finetune ended at 10.
    const observed = anObserved(all, { policy, previous });
    expect(decide(observed, at(30))).toMatchObject({ remove: [], requeueAfterSeconds: 40 });
    expect(removed(observed, at(70))).toEqual(observed.attempts.map(({ id }) => id));
    expect(decide({ ...observed, attempts: [] }, at(30)).requeueAfterSeconds).toBeUndefined();
  });

  it('its attempts stay for ever without a time', () => {
    const observed = anObserved(all, { previous });
    expect(decide(observed, at(1e6))).toMatchObject({ create: [], remove: [] });
    expect(decide(observed, at(1e6)).requeueAfterSeconds).toBeUndefined();
  });

  it('what still runs is ended, however often that has to be tried', () => {
    const observed = anObserved([...all, running('unit-001', { number: 2 })], { previous });
    expect(removed(observed, at(30))).toEqual(['unit-001-2']);
    expect(removed(observed, at(40))).toEqual(['unit-001-2']);
  });

  it.each([
    { of: 'after its attempts have vanished', change: { attempts: [] } },
    { of: 'without a plan', change: { prepared: undefined, attempts: [] } },
    { of: 'after an edit of its spec', change: { generation: 2, revision: 2 } },
    { of: 'when suspended', change: { stop } },
    { of: 'when invalid', change: { invalid: { reason: 'InvalidSpec', message: 'No.' } } },
  ])('the job stays so $of', ({ change }) => {
    const observed = { ...anObserved(all, { previous }), ...change } as Observed;
    expect(decide(observed, at(90))).toEqual({
      create: [],
      remove: [],
      status: { ...previous, observedGeneration: observed.generation },
      events: [],
    });
  });
});

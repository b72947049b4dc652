import { describe, expect, it } from 'vitest';
import {
  aPlan,
  anObserved,
  anUnpreparedJob,
  at,
  collapsed,
  distilled,
  failed,
  finetuned,
  prepared,
  running,
} from './builders.ts';
import { decide } from './decide.ts';
import type { Observed } from './observed.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const suspended = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;

function created(observed: Observed, now = at(20)): string[] {
  return decide(observed, now).create.map(({ unit, attemptNumber }) => `${unit}#${attemptNumber}`);
}

describe('what is started', () => {
  it.each([
    { of: 'prepare, first of all', observed: anUnpreparedJob(), expected: ['prepare#1'] },
    { of: 'nothing while prepare runs', observed: anUnpreparedJob([running('prepare')]), expected: [] },
    {
      of: 'prepare again after its back-off',
      observed: anUnpreparedJob([failed('prepare')]),
      expected: ['prepare#2'],
    },
    {
      of: 'all units, the longest first',
      observed: anObserved(),
      expected: ['unit-002#1', 'unit-001#1', 'unit-000#1'],
    },
    {
      of: 'as many as there are places',
      observed: anObserved([], { capacity: 2 }),
      expected: ['unit-002#1', 'unit-001#1'],
    },
    {
      of: 'as many as maxParallel allows, running ones included',
      observed: anObserved([running('unit-002')], {
        policy: { onUnitFailure: 'Fail', backoffLimit: 3, maxParallel: 2 },
      }),
      expected: ['unit-001#1'],
    },
    {
      of: 'only what is not done',
      observed: anObserved([distilled('unit-001', 'b'), running('unit-002')]),
      expected: ['unit-000#1'],
    },
    {
      of: 'no other unit beside one that is committed but still runs',
      observed: anObserved([{ ...distilled('unit-002', 'c'), state: 'Running' }], { capacity: 1 }),
      expected: [],
    },
    { of: 'finetune when every unit is done', observed: anObserved(three), expected: ['finetune#1'] },
    {
      of: 'finetune under a number of its own after an edit, whatever became of it before',
      observed: anObserved(
        [
          ...three,
          failed('finetune', { exitCode: 64, superseded: true }),
          failed('finetune', { number: 2, endTime: at(20), superseded: true }),
        ],
        { policy: { onUnitFailure: 'Fail', backoffLimit: 0 } },
      ),
      expected: ['finetune#3'],
    },
    {
      of: 'nothing when finetune has committed',
      observed: anObserved([...three, finetuned()]),
      expected: [],
    },
    { of: 'nothing while suspended', observed: anObserved([], { stop: suspended }), expected: [] },
  ])('$of', ({ observed, expected }) => {
    expect(created(observed)).toEqual(expected);
  });

  it('tells finetune every result, and which blocks were given up', () => {
    const policy = { onUnitFailure: 'KeepTeacher', backoffLimit: 0 } as const;
    const observed = anObserved(
      [distilled('unit-000', 'a'), failed('unit-001'), distilled('unit-002', 'c')],
      { policy },
    );
    expect(decide(observed, at(20)).create).toMatchObject([
      {
        unit: 'finetune',
        results: [{ path: 'unit-000/attempt-001/result.json' }, { path: 'unit-002/attempt-001/result.json' }],
        failedBlocks: [{ name: 'b', reason: 'It broke.' }],
      },
    ]);
  });

  it('puts a long prefix before a long step', () => {
    const blocks = [
      { name: 'a', stepSeconds: 1, prefixSeconds: 5 },
      { name: 'b', stepSeconds: 2, prefixSeconds: 0 },
    ];
    const job = prepared(aPlan(['a', 'b']), { blocks });
    // Ten steps: a takes 10 + 50 s, b 20 s.
    expect(created(anObserved([], { prepared: job }))).toEqual(['unit-000#1', 'unit-001#1']);
  });
});

describe('units of several blocks', () => {
  const packed = { prepared: prepared(aPlan(), {}, [['a'], ['b', 'c']]) };

  it('are started with all their blocks, by the time of all of them', () => {
    expect(decide(anObserved([], packed), at(20)).create).toMatchObject([
      { unit: 'unit-001', blocks: ['b', 'c'] },
      { unit: 'unit-000', blocks: ['a'] },
    ]);
  });

  it('share the teacher up to their last block', () => {
    const blocks = [
      { name: 'a', stepSeconds: 1, prefixSeconds: 1 },
      { name: 'b', stepSeconds: 1, prefixSeconds: 4 },
      { name: 'c', stepSeconds: 2, prefixSeconds: 6 },
    ];
    const job = prepared(aPlan(), { blocks }, [['a', 'b'], ['c']]);
    // Ten steps and eleven batches of the teacher: 20 + 44 s and 20 + 66 s; 20 + 55 s if a and b each ran it.
    expect(decide(anObserved([], { prepared: job }), at(20)).status.speedup?.ceiling).toBeCloseTo(
      150 / 86,
      3,
    );
  });

  it('give all their blocks up together', () => {
    const policy = { onUnitFailure: 'Fail', backoffLimit: 0 } as const;
    const { status } = decide(anObserved([failed('unit-001')], { ...packed, policy }), at(20));
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.message).toBe(
      'Blocks b, c failed for good: It broke.',
    );
    expect(status.blocks?.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'Pending'],
      ['b', 'Failed'],
      ['c', 'Failed'],
    ]);
  });
});

describe('back-off', () => {
  it.each([
    { failures: 1, seconds: 10 },
    { failures: 2, seconds: 20 },
    { failures: 3, seconds: 40 },
  ])('waits $seconds s after failure $failures', ({ failures, seconds }) => {
    const attempts = Array.from({ length: failures }, (_, index) =>
      failed('unit-000', { number: index + 1 }),
    );
    const others = [distilled('unit-001', 'b'), distilled('unit-002', 'c')];
    const observed = anObserved([...attempts, ...others]);
    const early = decide(observed, at(10 + seconds - 1));
    expect(early.create).toEqual([]);
    expect(early.requeueAfterSeconds).toBe(1);
    expect(created(observed, at(10 + seconds))).toEqual([`unit-000#${failures + 1}`]);
  });
});

describe('failures', () => {
  const limit = (backoffLimit: number, onUnitFailure: 'Fail' | 'KeepTeacher' = 'Fail') => ({
    policy: { backoffLimit, onUnitFailure },
  });
  it.each([
    {
      of: 'a failure within backoffLimit',
      attempts: [failed('unit-000')],
      change: limit(1),
      reason: undefined,
    },
    { of: 'one failure more', attempts: [failed('unit-000')], change: limit(0), reason: 'UnitFailed' },
    {
      of: 'exit code 64',
      attempts: [failed('unit-000', { exitCode: 64 })],
      change: limit(9),
      reason: 'InvalidInput',
    },
    {
      of: 'exit code 64 though the teacher may be kept',
      attempts: [failed('unit-000', { exitCode: 64 })],
      change: limit(9, 'KeepTeacher'),
      reason: 'InvalidInput',
    },
    {
      of: 'an interruption',
      attempts: [failed('unit-000', { state: 'Interrupted', exitCode: 75 })],
      change: limit(0),
      reason: undefined,
    },
    {
      of: 'a unit that may keep the teacher',
      attempts: [failed('unit-000')],
      change: limit(0, 'KeepTeacher'),
      reason: undefined,
    },
    {
      of: 'finetune, for which there is no teacher to keep',
      attempts: [...three, failed('finetune')],
      change: limit(0, 'KeepTeacher'),
      reason: 'UnitFailed',
    },
    {
      of: 'failures before the retry',
      attempts: [failed('unit-000')],
      change: { ...limit(0), retry: 1 },
      reason: undefined,
    },
    {
      of: 'every block collapsed',
      attempts: [collapsed('unit-000', 'a'), collapsed('unit-001', 'b'), collapsed('unit-002', 'c')],
      change: {},
      reason: 'NothingReplaced',
    },
    {
      of: 'a student that is not accepted',
      attempts: [...three, finetuned({ accepted: false, reason: 'It loses 9 points.' })],
      change: {},
      reason: 'NotAccepted',
    },
    {
      of: 'more active seconds than the deadline allows',
      attempts: [running('unit-000')],
      // Ten seconds of prepare and twenty of the unit.
      change: { policy: { onUnitFailure: 'Fail', backoffLimit: 3, activeDeadlineSeconds: 30 } as const },
      reason: 'DeadlineExceeded',
    },
    {
      of: 'a deadline that is not reached',
      attempts: [running('unit-000')],
      change: { policy: { onUnitFailure: 'Fail', backoffLimit: 3, activeDeadlineSeconds: 31 } as const },
      reason: undefined,
    },
  ])('$of: $reason', ({ attempts, change, reason }) => {
    const { status } = decide(anObserved(attempts, change), at(20));
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe(reason);
  });

  it('counts what collapsed in place of repeating it for every block, and says what to try', () => {
    const attempts = [
      distilled('unit-000', 'a', { state: 'Collapsed', trainings: 2, weights: null }),
      distilled('unit-001', 'b', { state: 'Collapsed', trainings: 2, weights: null }),
      failed('unit-002'),
    ];
    const policy = { onUnitFailure: 'KeepTeacher', backoffLimit: 0 } as const;
    const { status } = decide(anObserved(attempts, { policy }), at(20));
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.message).toBe(
      'No block has a usable replacement, so there is no student: 2 of 3 blocks collapsed and 1 of 3 blocks failed; ' +
        'see the table. Each was tried twice, the second time at a lower learning rate. Train for more steps ' +
        '(spec.distill.steps or epochs) or at another rate (spec.distill.learningRate).',
    );
  });

  it('stops everything else when the job has failed', () => {
    const observed = anObserved([failed('unit-000', { exitCode: 64 }), running('unit-001')]);
    const { create, remove, status } = decide(observed, at(20));
    expect(create).toEqual([]);
    expect(remove).toEqual([{ unit: 'unit-001', id: 'unit-001-1' }]);
    expect(status.phase).toBe('Failed');
    const stopping = anObserved([
      failed('unit-000', { exitCode: 64 }),
      running('unit-001', { stopping: true }),
    ]);
    expect(decide(stopping, at(20)).remove).toEqual([]);
  });

  it('stops a second attempt at a unit that is done', () => {
    const observed = anObserved([distilled('unit-000', 'a'), running('unit-000', { number: 2 })]);
    expect(decide(observed, at(20)).remove).toEqual([{ unit: 'unit-000', id: 'unit-000-2' }]);
  });

  it('never takes up a finished job again, unless it was reopened', () => {
    const first = anObserved([failed('unit-000', { exitCode: 64 })]);
    const previous = decide(first, at(20)).status;
    const later = anObserved([], { previous });
    expect(decide(later, at(30))).toEqual({ create: [], remove: [], status: previous, events: [] });
    expect(created({ ...later, reopened: true })).toHaveLength(3);
  });
});

describe('a pure decision', () => {
  it('is the same twice and leaves what it was given alone', () => {
    const observed = Object.freeze(anObserved([running('unit-000'), failed('unit-001')]));
    const copy = structuredClone(observed);
    expect(decide(observed, at(30))).toEqual(decide(observed, at(30)));
    expect(observed).toEqual(copy);
  });
});

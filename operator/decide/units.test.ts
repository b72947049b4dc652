import { describe, expect, it } from 'vitest';
import { anObserved, anUnpreparedJob, at, distilled, failed, finetuned, running } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const others = [distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const policy = { onUnitFailure: 'Fail', backoffLimit: 1 } as const;
const later = at(10_000);

const created = (observed: Observed, now = later): string[] =>
  decide(observed, now).create.map(({ unit, attemptNumber }) => `${unit}#${attemptNumber}`);
const phase = (observed: Observed): string | undefined => decide(observed, later).status.phase;

const many = (count: number, change: Partial<ObservedAttempt>): ObservedAttempt[] =>
  Array.from({ length: count }, (_, index) => failed('unit-000', { number: index + 1, ...change }));

describe('failures of a unit', () => {
  it('count over all its attempts, up to backoffLimit', () => {
    expect(created(anObserved([...many(1, {}), ...others], { policy }))).toEqual(['unit-000#2']);
    expect(phase(anObserved([...many(2, {}), ...others], { policy }))).toBe('Failed');
  });

  it('of one unit do not count for another', () => {
    const attempts = [failed('unit-000'), failed('unit-001'), failed('unit-002')];
    expect(created(anObserved(attempts, { policy }))).toHaveLength(3);
  });

  it.each([
    { of: 'a raised retry', change: { retry: 1 } },
    { of: 'an edit of pod or resources', change: { revision: 2 } },
  ])('count no more after $of', ({ change }) => {
    const attempts = many(2, { revision: 1 });
    expect(phase(anObserved([...attempts, ...others], { policy }))).toBe('Failed');
    expect(created(anObserved([...attempts, ...others], { policy, ...change }))).toEqual(['unit-000#3']);
    const again = failed('unit-000', { number: 3, retry: 1, revision: 2 });
    expect(created(anObserved([...attempts, again, ...others], { policy, ...change }))).toEqual([
      'unit-000#4',
    ]);
  });

  it('by bad input end the job at once, unless the input was edited since', () => {
    const attempt = failed('unit-000', { exitCode: 64, revision: 1 });
    expect(phase(anObserved([attempt, ...others]))).toBe('Failed');
    expect(created(anObserved([attempt, ...others], { revision: 2 }))).toEqual(['unit-000#2']);
  });

  it('reopen what failed and nothing else when retry is raised', () => {
    const failedJob = anObserved([...many(2, {}), ...others], { policy });
    const previous = decide(failedJob, later).status;
    expect(created({ ...failedJob, previous, retry: 1 })).toEqual([]);
    const { suspensions: _, ...remembered } = failedJob;
    const reopened = { ...remembered, previous, retry: 1, reopened: true };
    expect(created(reopened)).toEqual(['unit-000#3']);
    expect(decide(reopened, later).status).toMatchObject({ phase: 'Distilling', retry: 1 });
    expect(decide(reopened, later).status).not.toHaveProperty('completionTime');
  });
});

describe('attempts are numbered on from those that are gone, as the status remembers them,', () => {
  const all = [distilled('unit-000', 'a'), ...others];

  it.each([
    { unit: 'prepare', observed: anUnpreparedJob(), attempts: [] },
    { unit: 'unit-000', observed: anObserved(), attempts: others },
    { unit: 'finetune', observed: anObserved(), attempts: all },
  ])('at $unit', ({ unit, observed, attempts }) => {
    const left = { ...observed, attempts: [...observed.attempts, ...attempts] };
    const ran = { ...left, attempts: [...left.attempts, running(unit, { number: 3 })] };
    const previous = decide(ran, later).status;
    expect(created({ ...left, previous })).toEqual([`${unit}#4`]);
    // It is remembered for longer than one status.
    const next = decide({ ...left, previous }, later).status;
    expect(created({ ...left, previous: next })).toEqual([`${unit}#4`]);
  });

  it('those of before an edit, too', () => {
    const ran = anObserved([failed('unit-000', { number: 3, superseded: true }), ...others]);
    const previous = decide(ran, later).status;
    expect(created({ ...anObserved(others), previous })).toEqual(['unit-000#4']);
  });
});

describe('attempts that never got to work', () => {
  const hapless = { state: 'Interrupted', hapless: true, message: 'No healthy device.' } as const;

  it('cost no retry, but ten of them are the most', () => {
    expect(created(anObserved([...many(10, hapless), ...others], { policy }))).toEqual(['unit-000#11']);
    const { status } = decide(anObserved([...many(11, hapless), ...others], { policy }), later);
    expect(status.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      reason: 'UnitFailed',
      message: expect.stringContaining('11 attempts never got to work: No healthy device.') as string,
    });
  });

  it('are repeated with a back-off', () => {
    const observed = anObserved([...many(3, { ...hapless, endTime: at(10) }), ...others]);
    expect(created(observed, at(49))).toEqual([]);
    expect(created(observed, at(50))).toEqual(['unit-000#4']);
  });

  it('count no more after an edit', () => {
    const attempts = [...many(11, { ...hapless, revision: 1 }), ...others];
    expect(created(anObserved(attempts, { revision: 2 }))).toEqual(['unit-000#12']);
  });
});

describe('a unit whose result is lost', () => {
  const unheard = { state: 'Interrupted', hapless: true, unheard: true, message: 'Lost.' } as const;
  const strict = { ...policy, backoffLimit: 0 };
  const asked = (failures: number, exitCode = 1): ObservedAttempt[] => [
    failed('unit-000', unheard),
    ...many(failures, { exitCode, message: 'No memory.' }).map((attempt) => ({
      ...attempt,
      number: attempt.number + 1,
    })),
  ];

  it.each([1, 64])('is asked for again, though the attempt that asked ended with %i', (exitCode) => {
    expect(created(anObserved([...asked(1, exitCode), ...others], { policy: strict }))).toEqual([
      'unit-000#3',
    ]);
  });

  it('is asked for eleven times at most', () => {
    expect(created(anObserved([...asked(9), ...others], { policy: strict }))).toEqual(['unit-000#11']);
    const { status } = decide(anObserved([...asked(10), ...others], { policy: strict }), later);
    expect(status.conditions?.find(({ type }) => type === 'Failed')).toMatchObject({
      reason: 'UnitFailed',
      message: expect.stringContaining(
        '11 attempts did not bring its result, which is in the exchange: No memory.',
      ) as string,
    });
  });

  it('is remembered by the status where its attempt is gone, too', () => {
    const done = decide(anObserved([distilled('unit-000', 'a'), ...others.slice(0, 1)]), later).status;
    const left = anObserved([failed('unit-000', { number: 2 }), ...others.slice(0, 1)], { policy: strict });
    expect(created({ ...left, previous: done })).toContain('unit-000#3');
    expect(phase(left)).toBe('Failed');
  });
});

describe('an attempt whose pod is given up', () => {
  it('is followed by the next one', () => {
    const attempt = running('unit-000', { state: 'Interrupted', abandoned: true, endTime: at(10) });
    const { create, remove } = decide(anObserved([attempt, ...others]), later);
    expect(create).toMatchObject([{ unit: 'unit-000', attemptNumber: 2 }]);
    expect(remove).toEqual([{ unit: 'unit-000', id: 'unit-000-1' }]);
  });
});

describe('nothing is created', () => {
  it.each([
    {
      of: 'for prepare while its pod is ending',
      observed: anUnpreparedJob([running('prepare', { stopping: true })]),
    },
    {
      of: 'for a unit while its pod is ending',
      observed: anObserved([running('unit-000', { stopping: true }), ...others]),
    },
    {
      of: 'for a place that a pod that is ending still has',
      observed: anObserved([running('unit-002', { stopping: true })], {
        policy: { ...policy, maxParallel: 1 },
      }),
    },
    {
      of: 'for a place that a queued unit holds',
      observed: anObserved([running('unit-002', { state: 'Pending' })], {
        policy: { ...policy, maxParallel: 1 },
      }),
    },
    {
      of: 'for an invalid job',
      observed: anUnpreparedJob([], { invalid: { reason: 'InvalidSpec', message: 'No.' } }),
    },
    {
      of: 'for a unit that was given up, while finetune works with what there was',
      observed: anObserved([...many(1, { revision: 1 }), ...others, running('finetune')], {
        policy: { onUnitFailure: 'KeepTeacher', backoffLimit: 0 },
        revision: 2,
      }),
    },
  ])('$of', ({ observed }) => {
    expect(created(observed)).toEqual([]);
  });
});

it('is fine-tuning while finetune works, whatever may count anew', () => {
  const observed = anObserved([failed('unit-000', { revision: 1 }), ...others, running('finetune')], {
    policy: { onUnitFailure: 'KeepTeacher', backoffLimit: 0 },
    revision: 2,
  });
  expect(phase(observed)).toBe('Finetuning');
});

it('is complete with the first committed finetune, whatever else still runs', () => {
  const observed = anObserved([
    distilled('unit-000', 'a'),
    ...others,
    finetuned(),
    running('unit-000', { number: 2 }),
  ]);
  expect(decide(observed, later)).toMatchObject({
    create: [],
    remove: [{ id: 'unit-000-2' }],
    status: { phase: 'Complete' },
  });
});

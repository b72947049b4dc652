import { describe, expect, it } from 'vitest';
import {
  aPlan,
  anObserved,
  anUnpreparedJob,
  at,
  collapsed,
  distilled,
  failed,
  prepared,
  running,
} from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const finetuning = (attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}): Observed =>
  anObserved([...three, ...attempts], change);

describe('events', () => {
  it('are made on transitions only', () => {
    const observed = anObserved([...three.slice(0, 2), collapsed('unit-002', 'c')]);
    const first = decide(observed, at(20));
    expect(first.events.map(({ reason }) => reason)).toEqual([
      'Finetuning',
      'BlockDistilled',
      'BlockDistilled',
      'BlockCollapsed',
    ]);
    expect(decide({ ...observed, previous: first.status }, at(21)).events).toEqual([]);
  });

  describe.each([
    { unit: 'prepare', name: 'prepare', observed: anUnpreparedJob, after: 'begins anew' },
    { unit: 'unit-000', name: 'block a', observed: anObserved, after: 'goes on from its checkpoint' },
    { unit: 'finetune', name: 'finetune', observed: finetuning, after: 'goes on from its checkpoint' },
  ])('tell once, when another attempt at $unit begins,', ({ unit, name, observed, after }) => {
    it.each([
      {
        of: 'a kill',
        change: {
          exitCode: undefined,
          message: 'The worker was ended by SIGKILL, perhaps because memory ran out.',
        },
        event: ['AttemptFailed', `Attempt 1 of ${name} was killed (SIGKILL); it ${after}.`],
      },
      {
        of: 'a failure, by its first line',
        change: { message: 'It broke.\n    at f' },
        event: ['AttemptFailed', `Attempt 1 of ${name} failed and is tried again: It broke.`],
      },
      {
        of: 'an eviction',
        change: {
          state: 'Interrupted',
          exitCode: 137,
          message: 'Evicted: The node was low on memory.\nMore.',
        },
        event: [
          'AttemptInterrupted',
          `Attempt 1 of ${name} ended without a result, and is followed by another: Evicted: The node was low on memory.`,
        ],
      },
      {
        of: 'nothing, where it was stopped without a word',
        change: { state: 'Interrupted', message: undefined },
      },
      { of: 'nothing, where it is of before an edit', change: { superseded: true } },
    ] as const)('of $of', ({ change, ...row }) => {
      const [reason, message] = 'event' in row ? row.event : [];
      const previous = decide(observed([failed(unit, change)]), at(10)).status;
      const again = observed([failed(unit, change), running(unit, { number: 2 })], { previous });
      const { status, events } = decide(again, at(20));
      expect(events.filter((event) => event.reason.startsWith('Attempt'))).toEqual(
        reason === undefined ? [] : [{ type: 'Warning', reason, message }],
      );
      expect(decide({ ...again, previous: status }, at(21)).events).toEqual([]);
    });
  });

  it('say nothing of an attempt that is gone, nor again of the one before it', () => {
    const attempts = [failed('unit-000'), running('unit-000', { number: 2 })];
    const previous = decide(anObserved(attempts), at(10)).status;
    const [first = failed('unit-000')] = attempts;
    const again = anObserved([first, running('unit-000', { number: 3 })], { previous });
    expect(decide(again, at(20)).events).toEqual([]);
  });

  it('say by what a student is judged when the data has no labels', () => {
    const dataset = { ...aPlan().dataset, classes: null };
    const teacher = { ...aPlan().teacher, outputShape: [32, 32, 3] };
    const messages = (plan: ReturnType<typeof aPlan>): string[] =>
      decide(anObserved([], { prepared: prepared(plan) }), at(0)).events.map(({ message }) => message);
    expect(messages(aPlan(['a'], { dataset }))[1]).toBe(
      'The data has no labels: judged by agreement with the teacher.',
    );
    expect(messages(aPlan(['a'], { dataset, teacher }))[1]).toBe(
      "The data has no labels: judged by imitation of the teacher's output.",
    );
    expect(messages(aPlan(['a']))).toHaveLength(1);
  });

  it("pass on prepare's warnings, once", () => {
    const observed = anObserved([], { prepared: prepared(aPlan(['a'], { warnings: ['Slow.', 'Odd.'] })) });
    const { status, events } = decide(observed, at(0));
    expect(events.slice(1)).toEqual(
      ['Slow.', 'Odd.'].map((message) => ({ type: 'Warning', reason: 'Prepare', message })),
    );
    expect(decide({ ...observed, previous: status }, at(1)).events).toEqual([]);
  });

  it('warn when more workers are asked for than can help', () => {
    const policy = { onUnitFailure: 'Fail', backoffLimit: 3, maxParallel: 3 } as const;
    expect(decide(anObserved([], { policy }), at(0)).events[1]).toMatchObject({
      type: 'Warning',
      reason: 'MoreWorkersThanHelp',
      message: expect.stringContaining('no more than 2 workers can help') as string,
    });
  });
});

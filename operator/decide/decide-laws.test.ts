import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anObserved, anUnpreparedJob, at, distilled, failed, finetuned, running } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const blocks = { 'unit-000': 'a', 'unit-001': 'b', 'unit-002': 'c' } as const;
const distillUnits = Object.keys(blocks) as (keyof typeof blocks)[];
const units = ['prepare', ...distillUnits, 'finetune'];

/** One attempt, whatever may become of one. */
function attemptOf(unit: string, number: number): fc.Arbitrary<ObservedAttempt> {
  const committed = {
    ...(unit === 'finetune' ? finetuned() : distilled(unit, blocks[unit as 'unit-000'] ?? '')),
    number,
  };
  const id = `${unit}-${number}`;
  const outcomes: fc.Arbitrary<ObservedAttempt>[] = [
    fc.record({ stopping: fc.boolean() }).map((change) => running(unit, { number, ...change })),
    fc
      .record({ stopping: fc.boolean(), waitingSince: fc.option(fc.constant(at(0)), { nil: undefined }) })
      .map((change) => running(unit, { number, state: 'Pending', startTime: undefined, ...change })),
    fc
      .record({ exitCode: fc.constantFrom(1, 64, 137), endTime: fc.constantFrom(at(10), at(90)) })
      .map((change) => failed(unit, { number, ...change })),
    fc
      .record({ hapless: fc.boolean(), abandoned: fc.boolean(), endTime: fc.constantFrom(at(10), at(90)) })
      .map((change) => running(unit, { number, state: 'Interrupted', ...change })),
    // A result of prepare is what makes a job prepared, so none stands here.
    ...(unit === 'prepare'
      ? []
      : [fc.constantFrom<ObservedAttempt>(committed, { ...committed, state: 'Running' })]),
  ];
  return fc
    .tuple(
      fc.oneof(...outcomes),
      fc.record({ retry: fc.nat(2), revision: fc.nat(2), superseded: fc.boolean() }),
    )
    .map(([attempt, { superseded, ...change }]) => ({
      ...attempt,
      ...change,
      id,
      ...(superseded && attempt.state !== 'Running' ? { superseded } : {}),
    }));
}

const attempts = fc
  .tuple(
    ...units.map((unit) =>
      fc
        .uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 3 })
        .chain((numbers) => fc.tuple(...numbers.map((number) => attemptOf(unit, number)))),
    ),
  )
  .map((each) => each.flat());

const observations: fc.Arbitrary<Observed> = fc
  .tuple(
    attempts,
    fc.boolean(),
    fc.record({
      retry: fc.nat(2),
      revision: fc.nat(2),
      capacity: fc.constantFrom(1, 2, Infinity),
      policy: fc.record({
        onUnitFailure: fc.constantFrom('Fail' as const, 'KeepTeacher' as const),
        backoffLimit: fc.nat(3),
        maxParallel: fc.constantFrom(undefined, 1, 2),
        activeDeadlineSeconds: fc.constantFrom(undefined, 1000),
        pendingDeadlineSeconds: fc.constantFrom(undefined, 1000),
      }),
    }),
    fc.constantFrom({}, {}, {}, { stop: { reason: 'Suspended', message: 'Stop.' } as const }),
  )
  .map(([all, isPrepared, change, stop]) =>
    isPrepared ? anObserved(all, { ...change, ...stop }) : anUnpreparedJob(all, { ...change, ...stop }),
  );

const ofUnit = ({ attempts: all }: Observed, unit: string): readonly ObservedAttempt[] =>
  all.filter((attempt) => attempt.unit === unit);
const isActive = ({ state, superseded }: ObservedAttempt): boolean =>
  superseded !== true && (state === 'Running' || state === 'Pending');
const isDone = ({ result, superseded }: ObservedAttempt): boolean =>
  superseded !== true && result !== undefined;

/** Checks something of every observation, and makes sure that it was worth it. */
function forAll(check: (observed: Observed, decision: ReturnType<typeof decide>) => void): void {
  let created = 0;
  fc.assert(
    fc.property(observations, (observed) => {
      const decision = decide(observed, at(100));
      created += decision.create.length;
      check(observed, decision);
    }),
    { numRuns: 300, seed: 4 },
  );
  expect(created).toBeGreaterThan(60);
}

describe('whatever is observed', () => {
  it('no attempt is made at a unit that is done or has one that has not ended', () => {
    forAll((observed, { create }) => {
      for (const { unit } of create) {
        expect(ofUnit(observed, unit).filter((attempt) => isActive(attempt) || isDone(attempt))).toEqual([]);
      }
    });
  });

  it('no more units run at once than may', () => {
    forAll((observed, { create }) => {
      const most = Math.min(observed.capacity, observed.policy.maxParallel ?? Infinity);
      const active = distillUnits.flatMap((unit) => ofUnit(observed, unit)).filter(isActive).length;
      const made = create.filter(({ stage }) => stage === 'Distill').length;
      expect(made).toBeLessThanOrEqual(Math.max(0, most - active));
    });
  });

  it('the number of an attempt is higher than any that its unit has had', () => {
    forAll((observed, { create }) => {
      for (const { unit, attemptNumber } of create) {
        expect(
          ofUnit(observed, unit)
            .map(({ number }) => number)
            .filter((number) => number >= attemptNumber),
        ).toEqual([]);
      }
      expect(new Set(create.map(({ unit }) => unit)).size).toBe(create.length);
    });
  });

  it('nor does a number come again when all attempts are gone and the status is left', () => {
    forAll((observed, { status }) => {
      // What is committed is noted elsewhere, too: it stays.
      const left = observed.attempts.filter(isDone);
      const { create } = decide({ ...observed, attempts: left, previous: status }, at(100));
      for (const { unit, attemptNumber } of create) {
        expect(Math.max(0, ...ofUnit(observed, unit).map(({ number }) => number))).toBeLessThan(
          attemptNumber,
        );
      }
    });
  });

  it('finetune has every unit that is done, and begins when no other can', () => {
    forAll((observed, { create }) => {
      const finetune = create.find(({ stage }) => stage === 'Finetune');
      if (finetune === undefined) return;
      expect(create).toHaveLength(1);
      const done = distillUnits.filter((unit) => ofUnit(observed, unit).some(isDone));
      expect(finetune.results).toHaveLength(done.length);
      expect((finetune.results?.length ?? 0) + (finetune.failedBlocks?.length ?? 0)).toBe(
        distillUnits.length,
      );
    });
  });

  it('nothing is made by a job that stands still or has ended', () => {
    forAll((observed, { create, status }) => {
      const hasEnded = status.phase === 'Complete' || status.phase === 'Failed';
      expect(observed.stop !== undefined || hasEnded ? create : []).toEqual([]);
    });
  });

  it('the same is decided twice', () => {
    forAll((observed, decision) => {
      expect(decide(observed, at(100))).toEqual(decision);
    });
  });

  it('a job whose end was written makes nothing more', () => {
    forAll((observed, { status }) => {
      if (status.phase !== 'Complete' && status.phase !== 'Failed') return;
      expect(decide({ ...observed, attempts: [], previous: status }, at(1e6)).create).toEqual([]);
    });
  });
});

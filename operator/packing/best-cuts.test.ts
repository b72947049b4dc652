import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestCuts, type CutsProblem } from './best-cuts.ts';

interface Costs {
  readonly startUp: number;
  /** Seconds of each block's own steps. */
  readonly students: readonly number[];
  /** Seconds of the teacher up to each block, ascending. */
  readonly prefixes: readonly number[];
  readonly workers: number;
}

function problemOf({ startUp, students, prefixes, workers }: Costs): CutsProblem {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    blocks: students.length,
    workers,
    seconds: (first, last) => startUp + (prefixes[last] ?? 0) + sum(students.slice(first, last + 1)),
  };
}

function unitSeconds(problem: CutsProblem, ends: readonly number[]): number[] {
  return ends.map((end, unit) => problem.seconds(ends[unit - 1] ?? 0, end - 1));
}

/** Every way to cut `blocks` blocks. */
function* allCuts(blocks: number): Generator<number[]> {
  for (let cuts = 0; cuts < 2 ** (blocks - 1); cuts++) {
    yield Array.from({ length: blocks }, (_, block) => block + 1).filter(
      (end) => end === blocks || Math.floor(cuts / 2 ** (end - 1)) % 2 === 1,
    );
  }
}

/** The end of the last unit, by running through the events of a queue. */
function simulated(units: readonly number[], workers: number): number {
  const queue = units.toSorted((a, b) => a - b);
  let running: number[] = [];
  let now = 0;
  while (queue.length > 0 || running.length > 0) {
    while (running.length < workers && queue.length > 0) running.push(now + (queue.pop() ?? 0));
    now = Math.min(...running);
    running = running.filter((end) => end > now);
  }
  return now;
}

const seconds = fc.integer({ min: 0, max: 1000 }).map((value) => value / 10);
const costs = (maxLength: number): fc.Arbitrary<Costs> =>
  fc
    .record({
      startUp: seconds,
      blocks: fc.array(fc.record({ student: seconds, segment: seconds }), { minLength: 1, maxLength }),
      workers: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ startUp, blocks, workers }) => {
      let prefix = 0;
      const prefixes = blocks.map(({ segment }) => (prefix += segment));
      return { startUp, students: blocks.map(({ student }) => student), prefixes, workers };
    });

describe('cuts', () => {
  it('are within 1% of the best that trying all of them finds', () => {
    fc.assert(
      fc.property(costs(9), (each) => {
        const problem = problemOf(each);
        const all = [...allCuts(problem.blocks)].map((ends) =>
          simulated(unitSeconds(problem, ends), problem.workers),
        );
        const found = simulated(unitSeconds(problem, bestCuts(problem)), problem.workers);
        expect(found).toBeLessThanOrEqual(1.01 * Math.min(...all) + 1e-9);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('put every block into one unit, in order, however many there are', () => {
    fc.assert(
      fc.property(costs(128), (each) => {
        const ends = bestCuts(problemOf(each));
        expect(ends.at(-1)).toBe(each.students.length);
        expect(ends).toEqual([...new Set(ends)].toSorted((a, b) => a - b));
        expect(ends[0]).toBeGreaterThan(0);
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  it('are the same when they are looked for again', () => {
    fc.assert(
      fc.property(costs(40), (each) => {
        expect(bestCuts(problemOf(each))).toEqual(bestCuts(problemOf(each)));
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it.each([
    {
      of: 'one unit for one worker',
      costs: { startUp: 1, students: [4, 4, 4], prefixes: [1, 2, 3], workers: 1 },
      ends: [3],
    },
    {
      // 2 + (1 + 9) and 2 + 4 + (3 + 3): 12 each; every other cut has a longer unit.
      of: 'fewer blocks where the prefix is longer',
      costs: { startUp: 2, students: [9, 3, 3], prefixes: [1, 2, 4], workers: 2 },
      ends: [1, 3],
    },
    {
      // Two units: 5 + 7 = 12 s at best. Four: 4, 3, 3 and 2 s, longest first, are done after 6 s on two workers.
      of: 'more units than workers where that evens them out',
      costs: { startUp: 0, students: [3, 2, 2, 3, 2], prefixes: [0, 0, 0, 0, 0], workers: 2 },
      ends: [1, 3, 4, 5],
    },
    {
      of: 'one block a unit where there are workers for all',
      costs: { startUp: 1, students: [5, 5, 5], prefixes: [1, 2, 3], workers: 8 },
      ends: [1, 2, 3],
    },
  ])('are $of', ({ costs: each, ends }) => {
    expect(bestCuts(problemOf(each))).toEqual(ends);
  });
});

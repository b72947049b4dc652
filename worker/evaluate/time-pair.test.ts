import { expect, test } from 'vitest';
import { add } from '../graph/nn.ts';
import type { Tensor } from '../graph/tensor.ts';
import { timePair, type TimingOptions } from './time-pair.ts';

const same = (input: Tensor): Tensor => input;

const pair = {
  weights: new Map(),
  input: { shape: [1, 2, 2, 1], values: new Float32Array(4) },
  teacher: same,
  student: (input: Tensor) => add(input, input),
};

/** A clock by which runs take the given times, and nothing else takes any. */
function clockOf(first: readonly number[]): () => number {
  let now = 0;
  let readings = 0;
  return () => {
    // The first reading is that of the whole; then each run is between two.
    const isEnd = readings > 0 && readings % 2 === 0;
    if (isEnd) now += first[readings / 2 - 1] ?? 0;
    readings += 1;
    return now;
  };
}

function options(change: Partial<TimingOptions>): TimingOptions {
  return {
    device: 'CPU',
    seconds: () => 0,
    between: async () => undefined,
    budgetSeconds: 1,
    maxRepeats: 9,
    ...change,
  };
}

test('gives the medians of runs in turns; the first run of each does not count, and little is repeated when runs are long', async () => {
  const warm = [9, 9, 0.5];
  const inTurns = [0.5, 0.1, 0.7, 0.3, 0.6, 0.2];
  const times = await timePair(pair, options({ seconds: clockOf([...warm, ...inTurns]) }));
  expect(times.repeats).toBe(3);
  expect(times.teacherMilliseconds).toBeCloseTo(600, 6);
  expect(times.studentMilliseconds).toBeCloseTo(200, 6);
});

test('repeats short runs within its budget, up to a most', async () => {
  let runs = 0;
  const counted = async (): Promise<void> => void (runs += 1);
  const { repeats } = await timePair(pair, options({ between: counted }));
  expect(repeats).toBe(9);
  // Two to warm up, one to see how long it takes, and two a repeat.
  expect(runs).toBe(3 + 2 * 9);
});

test('ends when it is told to', async () => {
  const stop = async (): Promise<void> => {
    throw new Error('told to stop');
  };
  await expect(timePair(pair, options({ between: stop }))).rejects.toThrow('told to stop');
});

import { describe, expect, test } from 'vitest';
import type { Session, Values } from '../graph/session.ts';
import type { BlockGraph } from './block-graph.ts';
import { recalibrate, recalibrationBatches, targetVariance } from './recalibrate.ts';

/** By endpoint and then by variable: the statistics that each batch leaves, in the order of the batches. */
type Script = Readonly<Record<string, Readonly<Record<string, readonly (readonly number[])[]>>>>;

/** A session whose endpoints leave scripted statistics of the batch that they are fed. */
class ScriptedSession {
  readonly variables = new Map<string, Values>();
  readonly runs: string[] = [];
  readonly assigned: ReadonlyMap<string, Values>[] = [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  run(endpoint: string, feeds: Readonly<Record<string, Values>> = {}): Record<string, Values> {
    const batch = feeds['batch']?.[0] ?? 0;
    this.runs.push(`${endpoint} ${batch}`);
    for (const [name, batches] of Object.entries(this.#script[endpoint] ?? {})) {
      this.variables.set(name, Float32Array.from(batches[batch] ?? []));
    }
    return {};
  }

  get(names: Iterable<string>): Map<string, Values> {
    return new Map([...names].map((name) => [name, this.variables.get(name) ?? new Float32Array()]));
  }

  set(values: ReadonlyMap<string, Values>): void {
    this.assigned.push(values);
  }
}

const script: Script = {
  'recalibrate/a': {
    // 1 + 2 + 6 = 9 and 10 + 20 + 60 = 90
    'a/mean': [
      [1, 10],
      [2, 20],
      [6, 60],
    ],
    'a/variance': [
      [4, 0],
      [4, 0],
      [4, 3],
    ],
    // Changes with the batch too, but nobody asked for it.
    'a/other': [[7], [8], [9]],
  },
  'recalibrate/b': { 'b/mean': [[0.5], [1.5], [4]] },
};

async function recalibrated(
  session: ScriptedSession,
  targets: readonly { endpoint: string; statistics: readonly string[] }[],
): Promise<{ pauses: number }> {
  let pauses = 0;
  await recalibrate({
    session: session as unknown as Session,
    targets,
    batches: [0, 1, 2].map((batch) => Int32Array.of(batch)),
    feeds: async (rows) => ({ batch: rows }),
    between: async () => {
      pauses += 1;
    },
  });
  return { pauses };
}

describe('recalibration', () => {
  const targets = [
    { endpoint: 'recalibrate/a', statistics: ['a/mean', 'a/variance'] },
    { endpoint: 'recalibrate/b', statistics: ['b/mean'] },
  ];

  test('leaves the average over the batches, each with the same weight', async () => {
    const session = new ScriptedSession(script);
    await recalibrated(session, targets);
    expect(session.assigned).toEqual([
      new Map([
        ['a/mean', Float32Array.of(3, 30)],
        ['a/variance', Float32Array.of(4, 1)],
        ['b/mean', Float32Array.of(2)],
      ]),
    ]);
  });

  test('of one batch leaves what that batch has', async () => {
    const session = new ScriptedSession(script);
    await recalibrate({
      session: session as unknown as Session,
      targets,
      batches: [Int32Array.of(2)],
      feeds: async (rows) => ({ batch: rows }),
      between: async () => undefined,
    });
    expect(session.assigned[0]?.get('a/mean')).toEqual(Float32Array.of(6, 60));
  });

  test('runs every target on every batch and pauses between batches', async () => {
    const session = new ScriptedSession(script);
    const { pauses } = await recalibrated(session, targets);
    expect(session.runs).toEqual([
      'recalibrate/a 0',
      'recalibrate/b 0',
      'recalibrate/a 1',
      'recalibrate/b 1',
      'recalibrate/a 2',
      'recalibrate/b 2',
    ]);
    expect(pauses).toBe(3);
  });

  test('touches only the variables that it is told', async () => {
    const session = new ScriptedSession(script);
    await recalibrated(session, [
      { endpoint: 'recalibrate/a', statistics: ['a/mean'] },
      { endpoint: 'recalibrate/b', statistics: [] },
    ]);
    expect(session.runs).toEqual(['recalibrate/a 0', 'recalibrate/a 1', 'recalibrate/a 2']);
    expect(session.assigned.flatMap((values) => [...values.keys()])).toEqual(['a/mean']);
  });
});

describe('the batches for recalibration', () => {
  const rowsOf = (samples: number, count: number, seed = 5): number[][] =>
    [...recalibrationBatches(seed, samples, { batchSize: 8, count })].map((rows) => [...rows]);

  test('are as many as wanted, full, and repeat no sample', () => {
    const batches = rowsOf(50, 3);
    expect(batches.map((rows) => rows.length)).toEqual([8, 8, 8]);
    const rows = batches.flat();
    expect(new Set(rows).size).toBe(24);
    expect(rows.every((row) => row >= 0 && row < 50)).toBe(true);
  });

  test('are fewer where the samples would have to repeat', () => {
    const batches = rowsOf(50, 100);
    expect(batches.length).toBe(6);
    expect(new Set(batches.flat()).size).toBe(48);
  });

  test('are one with repeats when the samples do not fill it', () => {
    const [rows = [], ...others] = rowsOf(3, 4);
    expect(others).toEqual([]);
    const counts = [0, 1, 2].map((sample) => rows.filter((row) => row === sample).length);
    expect(counts.toSorted((one, other) => one - other)).toEqual([2, 3, 3]);
  });

  test('follow from the seed', () => {
    expect(rowsOf(50, 3)).toEqual(rowsOf(50, 3));
    expect(rowsOf(50, 3, 6)).not.toEqual(rowsOf(50, 3));
  });
});

describe("the target's variance", () => {
  // Two channels of two pixels. Channel 0 has the pixels 1, 3 | 5, 7 | 9, 11: mean 6, variance 35/3.
  // Channel 1 has 10, 10 | 12, 12 | 14, 14: mean 12, variance 8/3.
  const moments = [
    { sums: [4, 20, 12, 24], squares: [10, 200, 74, 288] },
    // The second row is padding: the same sample again, so that counting it would change the figure.
    { sums: [20, 28, 4, 20], squares: [202, 392, 10, 200] },
  ];
  const graph = {
    block: { outputShape: [1, 2, 2] },
    endpoints: { moments: 'moments/conv1' },
  } as unknown as BlockGraph;

  test("is taken around each channel's own mean and averaged over channels, padding left out", async () => {
    const loaded: number[][] = [];
    let pauses = 0;
    const session = {
      run: (endpoint: string) => {
        expect(endpoint).toBe('moments/conv1');
        const { sums = [], squares = [] } = moments[loaded.length - 1] ?? {};
        return { sums: Float32Array.from(sums), squares: Float32Array.from(squares) };
      },
    } as unknown as Session;
    const variance = await targetVariance(session, graph, {
      samples: 3,
      batchSize: 2,
      load: async (rows) => {
        loaded.push([...rows]);
      },
      between: async () => void (pauses += 1),
    });
    expect(pauses).toBe(2);
    expect(variance).toBeCloseTo((35 / 3 + 8 / 3) / 2, 9);
    expect(loaded.map((rows) => rows.length)).toEqual([2, 2]);
    expect(loaded.flat().slice(0, 3)).toEqual([0, 1, 2]);
  });
});

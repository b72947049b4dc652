import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EnergyReading } from '../contract/energy-reading.ts';
import type { Progress } from '../contract/progress.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { Attempt } from '../exchange/attempt.ts';
import { checkpointFile, writeCheckpoint } from '../exchange/checkpoint.ts';
import { FolderExchange } from '../exchange/folder-exchange.ts';
import type { Values } from '../graph/session.ts';
import { createPause, InterruptedError } from '../interruption.ts';
import { trainStudent, type TrainStudentOptions } from './train-student.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const unit: Partial<UnitSpec> = { unit: 'finetune', attempt: { id: 'a1', number: 1 } };
/** What a meter says of a card that drew so much. */
function drawn(joules: number): EnergyReading[] {
  const gaps = { gaps: 0, gapSeconds: 0, estimatedSeconds: 0 };
  const known = { joules, knownJoules: joules, seconds: 1, meanWatts: joules };
  return [{ device: 'GPU-1', kind: 'GPU', method: 'Counter', ...known, ...gaps }];
}

const accuracy = { value: 0.5, samples: 10, standardError: 0.16, measure: 'Top1' } as const;

/** An attempt at one epoch of three steps, whose session counts its steps in its only variable. */
async function attemptIn(folder: string, told: AbortController, joules = 0) {
  const feed = { feeds: async () => ({}) };
  const events: string[] = [];
  const reports: Pick<Progress, 'fraction' | 'etaSeconds' | 'trained'>[] = [];
  let now = 0;
  const variable = new Float32Array(1);
  const student = {
    session: {
      run: (endpoint: string) => {
        events.push(endpoint);
        if (endpoint === 'train') variable[0]! += 1;
        return {};
      },
      get: (names: readonly string[]) => new Map(names.map((name) => [name, variable.slice()])),
      set: (values: ReadonlyMap<string, Values>) => variable.set([...values.values()][0] ?? []),
    },
    plainFeed: feed,
    trainFeed: feed,
    step: {
      endpoint: 'train',
      state: [],
      startEpoch: () => new Map(),
      read: () => ({ lossSum: 6, finite: true }),
    },
    weights: [{ name: 'kernel', shape: [1] }],
  };
  const context = {
    spec: { specDigest: digest },
    attempt: await Attempt.open(unit as UnitSpec, new FolderExchange(folder)),
    // A step takes a second.
    clock: { seconds: () => (now += 1) },
    logger: { info: () => undefined },
    checkpointSeconds: 60,
    energy: { latest: () => drawn(joules) },
    report: (progress: Progress) => reports.push(progress),
  };
  const session = {
    inputs: { planDigest: digest, dataset: { train: { count: 3 } } },
    spec: {
      finetune: { epochs: 1, batchSize: 1, learningRate: { schedule: 'Constant', initial: 1 } },
      dataset: { augmentation: { passes: 1 } },
      execution: { seed: 0 },
    },
  };
  const options = {
    context,
    student,
    session,
    platform: 'here',
    pause: createPause(() => 0, told.signal),
    share: { first: 0.1, last: 0.6 },
  };
  return { events, reports, options: options as unknown as Omit<TrainStudentOptions, 'judge'> };
}

test('a worker that is told to stop while it judges an epoch saves that first, and repeats none of its steps', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/train-student-`);
  const told = new AbortController();
  const first = await attemptIn(folder.path, told);
  let judged = 0;
  const interrupted = trainStudent({
    ...first.options,
    judge: async (between) => {
      for (let batch = 0; batch < 100; batch++) {
        judged += 1;
        told.abort();
        await between();
      }
      return accuracy;
    },
  });
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
  expect(judged).toBe(1);
  expect(first.events.filter((event) => event === 'train').length).toBe(3);

  const second = await attemptIn(folder.path, new AbortController());
  const outcome = await trainStudent({ ...second.options, judge: async () => accuracy });
  expect(second.events).toEqual([]);
  expect(first.reports.at(-1)?.trained).toEqual({ steps: 3, seconds: 3, images: 3 });
  // Steps of its own it has none.
  expect(second.reports.at(-1)?.trained).toEqual({ steps: 0, seconds: 0, images: 0 });
  expect(outcome.best?.get('kernel')).toEqual(Float32Array.of(3));
  // The sum 6 over three steps.
  expect(outcome.history).toEqual([{ loss: 2, validationAccuracy: 0.5 }]);
});

test('a checkpoint holds what all attempts so far have drawn, and who goes on from it knows', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/train-student-`);
  const interrupted = async (joules: number): Promise<void> => {
    const told = new AbortController();
    const { options } = await attemptIn(folder.path, told, joules);
    const judge = async (between: () => Promise<void>) => {
      told.abort();
      await between();
      return accuracy;
    };
    await expect(trainStudent({ ...options, judge })).rejects.toBeInstanceOf(InterruptedError);
  };
  await interrupted(40);
  await interrupted(2);
  const { options } = await attemptIn(folder.path, new AbortController(), 600);
  const { earlierEnergy } = await trainStudent({ ...options, judge: async () => accuracy });
  expect(earlierEnergy).toMatchObject([{ device: 'GPU-1', joules: 42, knownJoules: 42, seconds: 2 }]);
});

test('joules of a checkpoint that was made on another device count, though its training is done again', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/train-student-`);
  const told = new AbortController();
  const there = await attemptIn(folder.path, told, 40);
  const interrupted = trainStudent({
    ...there.options,
    platform: 'there',
    judge: async (between) => {
      told.abort();
      await between();
      return accuracy;
    },
  });
  await expect(interrupted).rejects.toBeInstanceOf(InterruptedError);
  const here = await attemptIn(folder.path, new AbortController(), 600);
  const outcome = await trainStudent({ ...here.options, judge: async () => accuracy });
  expect(here.events.filter((event) => event === 'train')).toHaveLength(3);
  expect(outcome.earlierSeconds).toBe(0);
  expect(outcome.earlierEnergy).toEqual(drawn(40));
});

test('what earlier attempts drew is unknown from a checkpoint that does not say, and nothing without one', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/train-student-`);
  const attempt = await attemptIn(folder.path, new AbortController(), 600);
  const anew = await trainStudent({ ...attempt.options, judge: async () => accuracy });
  expect(anew.earlierEnergy).toBeUndefined();
  const state = {
    version: 1,
    specDigest: digest,
    planDigest: digest,
    platform: 'here',
    sequence: 1,
    epoch: 0,
    step: 2,
    seconds: 2,
    best: null,
    history: [],
    stopped: false,
  };
  const tensors = new Map([['kernel', { shape: [1], values: Float32Array.of(2) }]]);
  await writeCheckpoint(join(folder.path, 'finetune', 'a1', checkpointFile), { state, tensors });
  const second = await attemptIn(folder.path, new AbortController(), 600);
  const resumed = await trainStudent({ ...second.options, judge: async () => accuracy });
  expect(second.events.filter((event) => event === 'train')).toHaveLength(1);
  expect(resumed.earlierEnergy).toEqual([]);
});

test('the time that it still takes includes what comes after the training', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/train-student-`);
  const { options, reports } = await attemptIn(folder.path, new AbortController());
  await trainStudent({ ...options, judge: async () => accuracy });
  // Three steps of 1 s are half of the stage, so that takes 6 s. 0.4 of it are left when they are done.
  expect(reports.map(({ etaSeconds }) => etaSeconds)).toEqual(
    [4.4, 3.4, 2.4].map((seconds): unknown => expect.closeTo(seconds, 9)),
  );
  expect(reports.at(-1)?.fraction).toBeCloseTo(0.6, 9);
});

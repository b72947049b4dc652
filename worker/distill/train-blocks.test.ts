import { describe, expect, test } from 'vitest';
import type { JobSpec } from '../contract/job-spec.ts';
import type { LearningRateSchedule } from '../graph/schedule.ts';
import type { Session, Values } from '../graph/session.ts';
import type { Epoch } from '../graph/train-step.ts';
import type { ActivationSource } from './activation-source.ts';
import type { BlockGraph } from './block-graph.ts';
import { createPause, InterruptedError } from '../interruption.ts';
import { newBlockTraining, type BlockTraining } from './block-training.ts';
import { trainBlocks, validationLosses, type Cursor, type TrainingContext } from './train-blocks.ts';

interface FakeBlock {
  readonly name: string;
  readonly outputShape?: readonly number[];
  /** 2 is the retry of a collapsed block. */
  readonly training?: number;
  /** Sum of the step losses by epoch; the last one goes on. */
  readonly lossSums?: readonly number[];
  /** Squared errors of the samples, batch by batch, padding included; the last batch goes on. */
  readonly errors?: readonly (readonly number[])[];
}

interface FakeUnit {
  readonly blocks: readonly FakeBlock[];
  readonly batchSize: number;
  readonly train?: number;
  readonly validation?: number;
  readonly length?: { epochs: number } | { steps: number };
  readonly learningRate?: LearningRateSchedule;
  readonly earlyStopping?: { patience: number; minDelta: number };
}

/** A unit without TensorFlow that writes down what is done with it. */
class Unit {
  readonly events: string[] = [];
  /** The rows of each training batch. */
  readonly batches: number[][] = [];
  readonly epochs = new Map<string, Epoch[]>();
  readonly blocks: BlockTraining[];
  readonly #fake: FakeUnit;
  readonly #weights = new Float32Array(1);
  readonly #errorBatches = new Map<string, number>();

  constructor(fake: FakeUnit) {
    this.#fake = fake;
    this.blocks = fake.blocks.map((block) => newBlockTraining(this.#graph(block), block.training ?? 1));
  }

  get context(): TrainingContext {
    const { batchSize, earlyStopping, train = batchSize, validation = 1 } = this.#fake;
    const { learningRate = { schedule: 'Constant', initial: 1 }, length = { epochs: 1 } } = this.#fake;
    return {
      session: this.#session(),
      source: this.#source(),
      spec: {
        distill: { batchSize, earlyStopping, learningRate, ...length },
        dataset: { augmentation: { passes: 1 } },
        execution: { seed: 3 },
      } as unknown as JobSpec,
      samples: { train, validation },
      seconds: () => 0,
      charge: () => undefined,
      stepped: () => undefined,
      between: async ({ epoch, step }) => {
        this.events.push(`between ${epoch}/${step}`);
      },
    };
  }

  stepsOf(block: string): number {
    return this.events.filter((event) => event === `step ${block}`).length;
  }

  #source(): ActivationSource {
    return {
      tier: 'Memory',
      load: async (split, rows) => {
        this.events.push(`load ${split}`);
        if (split === 'train') this.batches.push([...rows]);
      },
      [Symbol.dispose]: () => undefined,
    };
  }

  #session(): Session {
    const session = {
      run: (endpoint: string): Record<string, Values> => {
        this.events.push(endpoint);
        const [kind, name = ''] = endpoint.split(' ');
        return kind === 'errors' ? { errors: this.#nextErrors(name) } : {};
      },
      // One array for all calls, as a session may share its memory. Its value is the number of epochs that began.
      get: (names: Iterable<string>) => new Map([...names].map((name) => [name, this.#weights] as const)),
      set: (values: ReadonlyMap<string, Values>) => {
        this.events.push(`set ${[...values.keys()].join(' ')}`);
        this.#weights[0]! += 1;
      },
    };
    return session as unknown as Session;
  }

  #nextErrors(name: string): Float32Array {
    const { batchSize, blocks } = this.#fake;
    const { errors = [Array.from({ length: batchSize }, () => 1)] } =
      blocks.find((block) => block.name === name) ?? {};
    const batch = this.#errorBatches.get(name) ?? 0;
    this.#errorBatches.set(name, batch + 1);
    return Float32Array.from(errors[batch] ?? errors.at(-1) ?? []);
  }

  #graph(block: FakeBlock): BlockGraph {
    const { name, lossSums = [1], outputShape = [1, 1, 1] } = block;
    const epochs: Epoch[] = [];
    this.epochs.set(name, epochs);
    return {
      block: { name, outputShape },
      endpoints: { errors: `errors ${name}` },
      weights: [{ name: `${name}/kernel` }],
      step: {
        endpoint: `step ${name}`,
        startEpoch: (epoch: Epoch) => {
          epochs.push(epoch);
          return new Map([[`rates/${name}`, epoch.rates]]);
        },
        read: () => {
          const lossSum = lossSums[epochs.length - 1] ?? lossSums.at(-1) ?? 0;
          return { step: 0, loss: 0, lossSum, finite: Number.isFinite(lossSum) };
        },
      },
    } as unknown as BlockGraph;
  }
}

const start = (): Cursor => ({ epoch: 0, step: 0 });

describe('the validation loss', () => {
  test('is the mean over the samples and their elements; what fills the last batch does not count', async () => {
    const unit = new Unit({
      batchSize: 2,
      validation: 5,
      blocks: [
        // 1 + 2 + 3 + 4 + 5 over 5 samples of 6 elements
        {
          name: 'a',
          outputShape: [1, 2, 3],
          errors: [
            [1, 2],
            [3, 4],
            [5, 1000],
          ],
        },
        // 150 over 5 samples of 2 elements
        {
          name: 'b',
          outputShape: [1, 1, 2],
          errors: [
            [10, 20],
            [30, 40],
            [50, 9e9],
          ],
        },
      ],
    });
    expect(await validationLosses(unit.context, unit.blocks, async () => undefined)).toEqual([0.5, 15]);
    expect(unit.events.filter((event) => event === 'load validation').length).toBe(3);
  });
});

describe('a worker that is told to stop', () => {
  test('stops in a validation, before that is over', async () => {
    const unit = new Unit({ batchSize: 1, train: 2, validation: 100, blocks: [{ name: 'a' }] });
    const told = new AbortController();
    const pause = createPause(() => 0, told.signal);
    const between = async ({ step }: Cursor): Promise<void> => {
      if (step === 2) told.abort();
      await pause();
    };
    const training = trainBlocks({ ...unit.context, between }, unit.blocks, start());
    await expect(training).rejects.toBeInstanceOf(InterruptedError);
    expect(unit.stepsOf('a')).toBe(2);
    expect(unit.events.filter((event) => event === 'errors a').length).toBe(1);
  });
});

describe('training blocks', () => {
  test('loads each batch once for all blocks and validates after each epoch', async () => {
    const unit = new Unit({
      batchSize: 2,
      train: 5,
      validation: 3,
      length: { epochs: 2 },
      blocks: [{ name: 'a' }, { name: 'b' }],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    const step = ['load train', 'step a', 'step b'];
    const epoch = (number: number): string[] => {
      const validation = ['load validation', 'errors a', 'errors b', `between ${number}/2`];
      return [
        'set rates/a rates/b',
        ...step,
        `between ${number}/1`,
        ...step,
        ...validation,
        ...validation,
        `between ${number + 1}/0`,
      ];
    };
    expect(unit.events).toEqual([...epoch(0), ...epoch(1)]);
  });

  test('tells of each step how long it took, loading included, and of how many images', async () => {
    const unit = new Unit({ batchSize: 2, train: 5, blocks: [{ name: 'a' }, { name: 'b' }] });
    const steps: object[] = [];
    // A clock that only loads and steps take time on: a second each.
    const seconds = (): number => unit.events.filter((event) => /^(load train|step)/.test(event)).length;
    const context = { ...unit.context, seconds, stepped: (step: object) => void steps.push(step) };
    await trainBlocks(context, unit.blocks, start());
    expect(steps).toEqual([
      { seconds: 3, images: 2 },
      { seconds: 3, images: 2 },
    ]);
  });

  test('visits no sample twice in an epoch, and another order in each', async () => {
    const unit = new Unit({ batchSize: 3, train: 10, length: { epochs: 2 }, blocks: [{ name: 'a' }] });
    await trainBlocks(unit.context, unit.blocks, start());
    const epochs = [unit.batches.slice(0, 3).flat(), unit.batches.slice(3).flat()];
    expect(epochs.map((rows) => new Set(rows).size)).toEqual([9, 9]);
    expect(epochs[1]).not.toEqual(epochs[0]);
  });

  test('ends after as many steps as the manifest says, in a shorter last epoch', async () => {
    const unit = new Unit({
      batchSize: 3,
      train: 10,
      length: { steps: 7 },
      blocks: [{ name: 'a', lossSums: [6, 6, 6] }],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    expect(unit.stepsOf('a')).toBe(7);
    const epochs = unit.epochs.get('a') ?? [];
    expect(epochs.map(({ firstStep, rates }) => [firstStep, rates.length])).toEqual([
      [0, 3],
      [3, 3],
      [6, 1],
    ]);
    const [block] = unit.blocks;
    expect(block?.state).toMatchObject({ epochs: 3, stopReason: 'Finished', live: false });
    // The sum 6 over 3, 3 and 1 steps.
    expect(block?.state.history.map(({ loss }) => loss)).toEqual([2, 2, 6]);
  });

  test('hands out the scheduled learning rates, and a tenth of them to a retry', async () => {
    const unit = new Unit({
      batchSize: 2,
      train: 6,
      length: { steps: 5 },
      learningRate: { schedule: 'Exponential', initial: 0.8, decaySteps: 1, decayRate: 0.5 },
      blocks: [{ name: 'first' }, { name: 'retry', training: 2 }],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    const rates = (block: string) => unit.epochs.get(block)?.map((epoch) => [...epoch.rates]);
    const closeTo = (epochs: readonly (readonly number[])[]): unknown =>
      epochs.map((epoch) => epoch.map((rate): unknown => expect.closeTo(rate, 6)));
    expect(rates('first')).toEqual(
      closeTo([
        [0.8, 0.4, 0.2],
        [0.1, 0.05],
      ]),
    );
    expect(rates('retry')).toEqual(
      closeTo([
        [0.08, 0.04, 0.02],
        [0.01, 0.005],
      ]),
    );
  });

  test('goes on where it was interrupted, at every place, without a step twice or left out', async () => {
    const fake: FakeUnit = {
      batchSize: 2,
      train: 7,
      validation: 3,
      length: { steps: 8 },
      blocks: [{ name: 'a' }, { name: 'b' }],
    };
    const undisturbed = new Unit(fake);
    await trainBlocks(undisturbed.context, undisturbed.blocks, start());
    const places = undisturbed.events.filter((event) => event.startsWith('between')).length;
    // After each step, and after each of two batches in three validations.
    expect(places).toBe(8 + 3 * 2);
    // A validation that was interrupted is repeated.
    const training = (unit: Unit): string[] =>
      unit.events.filter((event) => /^(load train|step|set)/.test(event));
    for (let place = 1; place <= places; place++) {
      const unit = new Unit(fake);
      let passed = 0;
      let saved = start();
      const between = async (cursor: Cursor): Promise<void> => {
        await unit.context.between(cursor);
        passed += 1;
        saved = { ...cursor };
        if (passed === place) throw new Error('interrupted');
      };
      const first = trainBlocks({ ...unit.context, between }, unit.blocks, start());
      await expect(first).rejects.toThrow('interrupted');
      await trainBlocks(unit.context, unit.blocks, saved);
      expect(training(unit)).toEqual(training(undisturbed));
      expect(unit.blocks.map(({ state }) => state)).toEqual(undisturbed.blocks.map(({ state }) => state));
      expect(unit.batches).toEqual(undisturbed.batches);
    }
  });

  test('gives no more steps to blocks that have stopped', async () => {
    const unit = new Unit({
      batchSize: 2,
      train: 4,
      length: { epochs: 5 },
      earlyStopping: { patience: 1, minDelta: 0 },
      blocks: [
        { name: 'diverges', lossSums: [1, Number.NaN] },
        { name: 'stalls', errors: [[4], [3], [3]] },
        { name: 'learns', errors: [[5], [4], [3], [2], [1]] },
      ],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    expect(unit.blocks.map(({ state }) => [state.stopReason, state.epochs])).toEqual([
      ['NotFinite', 2],
      ['EarlyStopped', 3],
      ['Finished', 5],
    ]);
    expect(['diverges', 'stalls', 'learns'].map((block) => unit.stepsOf(block))).toEqual([4, 6, 10]);
    expect(unit.events.filter((event) => event === 'errors diverges').length).toBe(2);
  });

  test('ends as soon as all blocks have stopped', async () => {
    const unit = new Unit({
      batchSize: 2,
      train: 4,
      length: { epochs: 5 },
      blocks: [{ name: 'a', lossSums: [Number.POSITIVE_INFINITY] }],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    expect(unit.batches.length).toBe(2);
  });

  test('keeps a copy of the weights of the epoch with the lowest validation loss', async () => {
    const unit = new Unit({
      batchSize: 2,
      train: 4,
      length: { epochs: 4 },
      blocks: [{ name: 'a', errors: [[9], [2], [8], [7]] }],
    });
    await trainBlocks(unit.context, unit.blocks, start());
    expect(unit.blocks[0]?.best?.get('a/kernel')).toEqual(Float32Array.of(2));
    expect(unit.blocks[0]?.state.bestLoss).toBe(2);
  });
});

import * as z from 'zod';
import { addReadings, energyReadingsSchema, type EnergyReadings } from '../contract/energy-reading.ts';
import { accuracySchema, digestSchema, type Accuracy } from '../contract/primitives.ts';
import { augmentationTable, passOfEpoch, type AugmentationTable } from '../data/augmentation.ts';
import { epochOrder, stepsPerEpoch, trainingRows } from '../data/order.ts';
import { saveCheckpoint } from '../exchange/save-checkpoint.ts';
import type { NamedTensor } from '../exchange/safetensors.ts';
import { learningRateTable } from '../graph/schedule.ts';
import type { Values } from '../graph/session.ts';
import { InterruptedError, type Pause } from '../interruption.ts';
import type { WorkContext } from '../work-context.ts';
import {
  labelsPlaceholder,
  studentEndpoint,
  type StudentSession,
  type StudentSessionOptions,
} from './student-session.ts';

const historySchema = z.array(
  z.object({ loss: z.number().nullable(), validationAccuracy: z.number().nullable() }),
);

const checkpointSchema = z.object({
  version: z.literal(1),
  specDigest: digestSchema,
  planDigest: digestSchema,
  platform: z.string(),
  sequence: z.int().nonnegative(),
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  seconds: z.number().nonnegative(),
  /** What all attempts so far have drawn. Empty in checkpoints from before there were meters: nothing is known. */
  energy: energyReadingsSchema.default([]),
  /** The best epoch so far by validation. */
  best: z.object({ epoch: z.int().nonnegative(), accuracy: accuracySchema }).nullable(),
  history: historySchema,
  /** A loss that was not finite ended the training. */
  stopped: z.boolean(),
});
type State = z.infer<typeof checkpointSchema>;

export interface FinetuneOutcome {
  /** Weights of the best epoch by validation; undefined when no epoch was finite. */
  readonly best: ReadonlyMap<string, Values> | undefined;
  readonly history: z.infer<typeof historySchema>;
  /** Device seconds that earlier attempts spent on steps. */
  readonly earlierSeconds: number;
  /** What they drew, also for work that could not be gone on from; undefined when no checkpoint says so. */
  readonly earlierEnergy: EnergyReadings | undefined;
}

export interface TrainStudentOptions {
  readonly context: WorkContext;
  readonly student: StudentSession;
  readonly session: StudentSessionOptions;
  readonly platform: string;
  readonly pause: Pause;
  /** The validation figure of the student as it is; `between` is called between batches and throws to stop. */
  readonly judge: (between: () => Promise<void>) => Promise<Accuracy>;
  /** Between which shares of the stage the training lies, for its progress. */
  readonly share: { readonly first: number; readonly last: number };
}

const bestPrefix = 'best/';

/** Trains the stitched student end to end and keeps the weights of the epoch that is best on validation. */
export async function trainStudent(options: TrainStudentOptions): Promise<FinetuneOutcome> {
  const training = new StudentTraining(options);
  await training.resume();
  await training.run();
  return training.outcome();
}

class StudentTraining {
  readonly #options: TrainStudentOptions;
  readonly #stepsPerEpoch: number;
  #state: State;
  #best: ReadonlyMap<string, Values> | undefined;
  #savedAt: number;
  #earlierSeconds = 0;
  #earlierEnergy: EnergyReadings | undefined;
  #earlierSteps = 0;
  #table: { pass: number; table: AugmentationTable } | undefined;

  constructor(options: TrainStudentOptions) {
    const { context, session, platform } = options;
    this.#options = options;
    this.#stepsPerEpoch = stepsPerEpoch(session.inputs.dataset.train.count, session.spec.finetune.batchSize);
    this.#savedAt = context.clock.seconds();
    this.#state = {
      version: 1,
      specDigest: context.spec.specDigest,
      planDigest: session.inputs.planDigest,
      platform,
      sequence: 0,
      epoch: 0,
      step: 0,
      seconds: 0,
      energy: [],
      best: null,
      history: [],
      stopped: false,
    };
  }

  async resume(): Promise<void> {
    const { context, student } = this.#options;
    const { specDigest, planDigest, platform } = this.#state;
    const { checkpoint: found, energy } = await context.attempt.findEarlierWork({
      schema: checkpointSchema,
      belongs: (state) => state.specDigest === specDigest && state.planDigest === planDigest,
      fits: (state) => state.platform === platform,
    });
    this.#earlierEnergy = energy;
    if (found === undefined) return;
    context.logger.info('Resuming from a checkpoint', { epoch: found.state.epoch, step: found.state.step });
    this.#state = found.state;
    this.#earlierSeconds = found.state.seconds;
    this.#earlierSteps = this.#stepsDone();
    const values = [...found.tensors].map(([name, tensor]) => [name, tensor.values] as const);
    student.session.set(new Map(values.filter(([name]) => !name.startsWith(bestPrefix))));
    const best = values.filter(([name]) => name.startsWith(bestPrefix));
    if (best.length > 0)
      this.#best = new Map(best.map(([name, value]) => [name.slice(bestPrefix.length), value]));
  }

  async run(): Promise<void> {
    const { epochs } = this.#options.session.spec.finetune;
    while (this.#state.epoch < epochs && !this.#state.stopped) {
      await this.#epoch();
      this.#state.stopped = !(await this.#closeEpoch());
      this.#state.epoch += 1;
      this.#state.step = 0;
      await this.#between();
    }
  }

  outcome(): FinetuneOutcome {
    return {
      best: this.#best,
      history: this.#state.history,
      earlierSeconds: this.#earlierSeconds,
      earlierEnergy: this.#earlierEnergy,
    };
  }

  async #epoch(): Promise<void> {
    const { context, session, student } = this.#options;
    const { spec, inputs } = session;
    const { epoch } = this.#state;
    const batchSize = spec.finetune.batchSize;
    const order = trainingRows(epochOrder(spec.execution.seed, epoch, inputs.dataset.train.count), batchSize);
    if (this.#state.step === 0) {
      const firstStep = epoch * this.#stepsPerEpoch;
      student.session.set(student.step.startEpoch({ firstStep, rates: this.#rates(firstStep) }));
    }
    while (this.#state.step < this.#stepsPerEpoch) {
      const start = context.clock.seconds();
      const first = this.#state.step * batchSize;
      await this.#load(order.subarray(first, first + batchSize));
      student.session.run(student.step.endpoint);
      this.#state.seconds += context.clock.seconds() - start;
      this.#state.step += 1;
      if (this.#state.step < this.#stepsPerEpoch) await this.#between();
    }
  }

  #rates(firstStep: number): Float32Array {
    const { spec } = this.#options.session;
    const table = learningRateTable(spec.finetune.learningRate, spec.finetune.epochs * this.#stepsPerEpoch);
    return table.slice(firstStep, firstStep + this.#stepsPerEpoch);
  }

  async #load(rows: Int32Array): Promise<void> {
    const { session, student } = this.#options;
    const { train } = session.inputs.dataset;
    const feeds = await student.trainFeed.feeds(train, rows, this.#augmentation());
    const labels = Int32Array.from(rows, (row) => train.labels?.[row] ?? 0);
    student.session.run(studentEndpoint.load, { ...feeds, [labelsPlaceholder]: labels });
  }

  #augmentation(): AugmentationTable | undefined {
    const { session, student } = this.#options;
    if (student.trainFeed === student.plainFeed) return undefined;
    const { augmentation } = session.spec.dataset;
    const pass = passOfEpoch(augmentation, this.#state.epoch);
    if (this.#table?.pass !== pass) {
      const { image, train } = session.inputs.dataset;
      const seed = session.spec.execution.seed;
      this.#table = {
        pass,
        table: augmentationTable(augmentation, { seed, pass, count: train.count, ...image }),
      };
    }
    return this.#table.table;
  }

  /** Books the epoch; says whether its loss was finite. */
  async #closeEpoch(): Promise<boolean> {
    const { judge, student } = this.#options;
    const { lossSum, finite } = student.step.read(student.session);
    if (!finite) {
      this.#state.history.push({ loss: null, validationAccuracy: null });
      return false;
    }
    // Judging changes nothing that is saved: when it is interrupted it is repeated, and no step before it.
    const accuracy = await judge(() => this.#between());
    this.#state.history.push({
      loss: lossSum / this.#stepsPerEpoch,
      validationAccuracy: accuracy.value,
    });
    if (this.#state.best === null || accuracy.value > this.#state.best.accuracy.value) {
      this.#state.best = { epoch: this.#state.epoch, accuracy };
      const weights = student.session.get(student.weights.map((variable) => variable.name));
      this.#best = new Map([...weights].map(([name, values]) => [name, values.slice()]));
    }
    return true;
  }

  async #between(): Promise<void> {
    const { context, pause } = this.#options;
    this.#state.sequence += 1;
    this.#report();
    const interrupted = await pause.interrupted();
    const due = context.clock.seconds() - this.#savedAt >= context.checkpointSeconds;
    if (due || interrupted) await this.#save();
    if (interrupted) throw new InterruptedError('told to stop');
  }

  async #save(): Promise<void> {
    const { context, student } = this.#options;
    const names = [...student.weights.map((variable) => variable.name), ...student.step.state];
    const tensors = new Map<string, NamedTensor>();
    for (const [name, values] of student.session.get(names))
      tensors.set(name, { shape: [values.length], values });
    for (const { name, shape } of student.weights) {
      const value = this.#best?.get(name);
      if (value !== undefined) tensors.set(`${bestPrefix}${name}`, { shape, values: value });
    }
    this.#state.energy = addReadings(this.#earlierEnergy ?? [], context.energy.latest());
    await saveCheckpoint(context, { state: this.#state, tensors });
    this.#savedAt = context.clock.seconds();
  }

  #report(): void {
    const { context, session, share } = this.#options;
    const { seconds } = this.#state;
    const done = this.#stepsDone();
    const own = done - this.#earlierSteps;
    const steps = session.spec.finetune.epochs * this.#stepsPerEpoch;
    const perStep = done === 0 ? undefined : seconds / done;
    const fraction = share.first + (share.last - share.first) * (done / steps);
    // As fraction is: of the whole stage, what follows the training included.
    const stageSteps = steps / (share.last - share.first);
    context.report({
      activity: 'Fine-tuning',
      fraction,
      samplesPerSecond: perStep === undefined ? null : session.spec.finetune.batchSize / perStep,
      etaSeconds: perStep === undefined ? null : (1 - fraction) * stageSteps * perStep,
      trained: {
        steps: own,
        seconds: seconds - this.#earlierSeconds,
        images: own * session.spec.finetune.batchSize,
      },
      blocks: [],
    });
  }

  #stepsDone(): number {
    return this.#state.epoch * this.#stepsPerEpoch + this.#state.step;
  }
}

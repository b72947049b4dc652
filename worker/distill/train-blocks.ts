import { passOfEpoch } from '../data/augmentation.ts';
import { epochOrder, trainingRows } from '../data/order.ts';
import { batchesOf } from '../evaluate/batches.ts';
import type { Session, Values } from '../graph/session.ts';
import { elementCount } from '../graph/tensor.ts';
import { learningRateTable } from '../graph/schedule.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import type { ActivationSource } from './activation-source.ts';
import { trainingLength } from './training-length.ts';
import { endEpoch, type BlockTraining } from './block-training.ts';

/** Where the unit stands between two steps. */
export interface Cursor {
  epoch: number;
  /** Steps of the epoch that are done. */
  step: number;
}

export interface TrainingContext {
  readonly session: Session;
  readonly source: ActivationSource;
  readonly spec: JobSpec;
  readonly samples: { readonly train: number; readonly validation: number };
  readonly seconds: () => number;
  /** Called between steps and in the validation after an epoch's last, when everything can be saved; throws to stop the training. */
  readonly between: (cursor: Cursor) => Promise<void>;
  /** Charged with the time of teacher passes. */
  readonly charge: (seconds: number) => void;
  /** Told of each step: how long it took, and of how many images. */
  readonly stepped: (step: { readonly seconds: number; readonly images: number }) => void;
}

/** By how much the learning rate of a collapsed block's second training is lower. */
const retryLearningRateFactor = 0.1;

/**
 * Trains the live blocks in lockstep from `cursor` on, each from the teacher's activations alone: every batch is loaded
 * once for all of them. Returns when no block is live.
 */
export async function trainBlocks(
  context: TrainingContext,
  blocks: readonly BlockTraining[],
  cursor: Cursor,
): Promise<void> {
  const { session, source, spec, samples } = context;
  const { epochs, stepsPerEpoch: perEpoch, steps } = trainingLength(spec, samples.train);
  const batchSize = spec.distill.batchSize;
  for (; cursor.epoch < epochs; cursor.epoch++, cursor.step = 0) {
    const live = blocks.filter((block) => block.state.live);
    if (live.length === 0) return;
    const stepsNow = Math.min(perEpoch, steps - cursor.epoch * perEpoch);
    const order = trainingRows(epochOrder(spec.execution.seed, cursor.epoch, samples.train), batchSize);
    const pass = passOfEpoch(spec.dataset.augmentation, cursor.epoch);
    if (cursor.step === 0) startEpoch(context, live, { first: cursor.epoch * perEpoch, count: stepsNow });
    while (cursor.step < stepsNow) {
      const rows = order.subarray(cursor.step * batchSize, (cursor.step + 1) * batchSize);
      const start = context.seconds();
      await timed(context, context.charge, () => source.load('train', rows, pass));
      for (const { graph, state } of live) {
        await timed(context, charge(state), () => session.run(graph.step.endpoint));
      }
      context.stepped({ seconds: context.seconds() - start, images: rows.length });
      cursor.step += 1;
      if (cursor.step < stepsNow) await context.between(cursor);
    }
    await closeEpoch(context, live, { cursor, more: cursor.epoch + 1 < epochs });
    await context.between({ epoch: cursor.epoch + 1, step: 0 });
  }
}

function startEpoch(
  context: TrainingContext,
  live: readonly BlockTraining[],
  steps: { first: number; count: number },
): void {
  const total = trainingLength(context.spec, context.samples.train).steps;
  const rates = learningRateTable(context.spec.distill.learningRate, total).subarray(
    steps.first,
    steps.first + steps.count,
  );
  const values = new Map<string, Values>();
  for (const { graph, state } of live) {
    const factor = state.training > 1 ? retryLearningRateFactor : 1;
    const epoch = { firstStep: steps.first, rates: rates.map((rate) => rate * factor) };
    for (const [name, value] of graph.step.startEpoch(epoch)) values.set(name, value);
  }
  context.session.set(values);
}

async function closeEpoch(
  context: TrainingContext,
  live: readonly BlockTraining[],
  { cursor, more }: { cursor: Cursor; more: boolean },
): Promise<void> {
  // A validation changes nothing that is saved: one that is interrupted is repeated, and no step before it.
  const losses = await validationLosses(context, live, () => context.between(cursor));
  const improved: BlockTraining[] = [];
  for (const [index, block] of live.entries()) {
    const { lossSum, finite } = block.graph.step.read(context.session);
    const loss = finite ? lossSum / cursor.step : null;
    const validationLoss = losses[index] ?? Number.NaN;
    const outcome = {
      loss,
      validationLoss: Number.isFinite(validationLoss) ? validationLoss : null,
      more,
    };
    const best = endEpoch(block.state, outcome, context.spec.distill.earlyStopping);
    if (best) improved.push(block);
  }
  if (improved.length === 0) return;
  // All that is live in one call, though not all are kept: TensorFlow prepares anew for every new set of fetches.
  const weights = context.session.get(live.flatMap(weightNames));
  for (const block of improved) {
    const own = new Set(weightNames(block));
    block.best = copyOf(new Map([...weights].filter(([name]) => own.has(name))));
  }
}

function weightNames({ graph }: BlockTraining): string[] {
  return graph.weights.map((variable) => variable.name);
}

/** Mean squared errors on the validation split in inference mode, a block each; `between` is called after each batch. */
export async function validationLosses(
  context: Pick<TrainingContext, 'session' | 'source' | 'samples' | 'spec' | 'seconds' | 'charge'>,
  blocks: readonly BlockTraining[],
  between: () => Promise<void>,
): Promise<number[]> {
  const sums = blocks.map(() => 0);
  for (const { rows, valid } of batchesOf(context.samples.validation, context.spec.distill.batchSize)) {
    await timed(context, context.charge, () => context.source.load('validation', rows, 0));
    for (const [index, { graph, state }] of blocks.entries()) {
      await timed(context, charge(state), () => {
        const { errors } = context.session.run(graph.endpoints.errors);
        for (let row = 0; row < valid; row++) sums[index]! += errors![row]!;
      });
    }
    await between();
  }
  return sums.map(
    (sum, index) => sum / (context.samples.validation * elementCount(blocks[index]!.graph.block.outputShape)),
  );
}

async function timed(
  context: Pick<TrainingContext, 'seconds'>,
  charged: (seconds: number) => void,
  work: () => unknown,
): Promise<void> {
  const start = context.seconds();
  await work();
  charged(context.seconds() - start);
}

function charge(state: BlockTraining['state']): (seconds: number) => void {
  return (seconds) => {
    state.seconds += seconds;
  };
}

/** Session reads may share memory with the session; what is kept must not change with the next step. */
export function copyOf(values: ReadonlyMap<string, Values>): Map<string, Values> {
  return new Map([...values].map(([name, value]) => [name, value.slice()]));
}

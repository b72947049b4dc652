import type { Accuracies } from '../contract/primitives.ts';
import type { PlannedBlock } from '../contract/plan.ts';
import type { Dataset, DatasetSplit } from '../data/dataset.ts';
import { batchesOf } from '../evaluate/batches.ts';
import { classifies, emitEvaluation, evaluate } from '../evaluate/evaluation.ts';
import { median } from '../evaluate/median.ts';
import { Graph } from '../graph/graph.ts';
import { square, sum } from '../graph/nn.ts';
import { openSession, type Session } from '../graph/session.ts';
import { elementCount, type Tensor } from '../graph/tensor.ts';
import { variableValues } from '../models/emit.ts';
import { outputShapeOf, type Network } from '../models/network.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { ImageFeed } from '../teacher/image-feed.ts';
import { emitTeacherPass, teacherPrefix } from '../teacher/teacher-pass.ts';

export type UnmeasuredBlock = Omit<PlannedBlock, 'meanSquare'>;

export interface MeasureOptions {
  readonly teacher: Network;
  readonly dataset: Dataset;
  readonly spec: JobSpec;
  readonly device: 'CPU' | 'GPU';
  readonly blocks: readonly UnmeasuredBlock[];
  readonly boundaries: readonly string[];
  readonly between: () => Promise<void>;
  readonly seconds: () => number;
}

export interface TeacherMeasurements {
  readonly accuracy: Accuracies;
  /** Mean square of each block's target over the unaugmented training split, by block name. */
  readonly meanSquares: ReadonlyMap<string, number>;
  /** Median seconds of a batch through the whole teacher. */
  readonly teacherSeconds: number;
  /** Median seconds from the images to both boundaries of each block, by block name. */
  readonly prefixSeconds: ReadonlyMap<string, number>;
}

const timingRepeats = 3;

/** Runs the teacher over the data: what the losses are scaled by, how good it is, and how long its parts take. */
export async function measureTeacher(options: MeasureOptions): Promise<TeacherMeasurements> {
  const { teacher, dataset, spec, blocks, boundaries } = options;
  const graph = new Graph();
  const feed = new ImageFeed(graph, 'plain', {
    batchSize: spec.distill.batchSize,
    dataset,
    preprocessing: spec.dataset.preprocessing,
  });
  const passTo = (wanted: readonly string[]) =>
    emitTeacherPass({ network: teacher, images: feed.images, boundaries, wanted });
  const whole = passTo([teacher.output, ...blocks.map((block) => block.output)]);
  const squares: Record<string, Tensor> = {};
  for (const block of blocks) {
    const target = whole.outputs.get(block.output);
    if (target !== undefined) squares[block.name] = sum(square(target), { axes: [1, 2, 3] });
  }
  graph.endpoint('squares', { fetch: squares, run: whole.taps });
  const judged = passTo([teacher.output]);
  emitEvaluation(graph, 'accuracy', { output: judged.output, taps: judged.taps });
  for (const block of blocks)
    graph.endpoint(`prefix/${block.name}`, { run: passTo([block.input, block.output]).taps });
  using session = openSession(graph, { device: options.device });
  session.set(variableValues(teacher, teacherPrefix));

  const meanSquares = await measureSquares(options, session, feed);
  const teacherSeconds = await timeEndpoint(options, { session, feed, endpoint: 'accuracy' });
  const prefixSeconds = new Map<string, number>();
  for (const { name } of blocks) {
    prefixSeconds.set(name, await timeEndpoint(options, { session, feed, endpoint: `prefix/${name}` }));
  }
  return {
    accuracy: await measureAccuracy(options, session, feed),
    meanSquares,
    teacherSeconds,
    prefixSeconds,
  };
}

async function measureSquares(
  options: MeasureOptions,
  session: Session,
  feed: ImageFeed,
): Promise<Map<string, number>> {
  const { train } = options.dataset;
  const totals = new Map(options.blocks.map((block) => [block.name, 0]));
  for (const { rows, valid } of batchesOf(train.count, options.spec.distill.batchSize)) {
    const fetched = session.run('squares', await feed.feeds(train, rows));
    for (const [name, values] of Object.entries(fetched)) {
      let total = totals.get(name) ?? 0;
      for (let row = 0; row < valid; row++) total += values[row]!;
      totals.set(name, total);
    }
    await options.between();
  }
  return new Map(
    options.blocks.map(({ name, outputShape }) => [
      name,
      (totals.get(name) ?? 0) / (train.count * elementCount(outputShape)),
    ]),
  );
}

async function measureAccuracy(
  options: MeasureOptions,
  session: Session,
  feed: ImageFeed,
): Promise<Accuracies> {
  const { dataset } = options;
  if (!classifies(outputShapeOf(options.teacher))) {
    return {
      validation: null,
      test: null,
      reason: 'the teacher does not classify; students are judged by imitation',
    };
  }
  const accuracyOn = async (split: DatasetSplit) =>
    split.labels === undefined
      ? null
      : evaluate({
          session,
          endpoint: 'accuracy',
          feed,
          split,
          batchSize: options.spec.distill.batchSize,
          reference: { answers: split.labels, measure: 'Top1' },
          elements: 1,
          between: options.between,
        });
  const validation = await accuracyOn(dataset.validation);
  const test = dataset.test === undefined ? null : await accuracyOn(dataset.test);
  const reason =
    validation === null ? 'the data has no labels' : test === null ? dataset.testReason : undefined;
  return { validation, test, ...(reason === undefined ? {} : { reason }) };
}

/** The median of a few runs on the same batch, after one that warms up. */
async function timeEndpoint(
  options: MeasureOptions,
  target: { session: Session; feed: ImageFeed; endpoint: string },
): Promise<number> {
  const { session, feed, endpoint } = target;
  const [batch] = batchesOf(options.dataset.train.count, options.spec.distill.batchSize);
  if (batch === undefined) return 0;
  const feeds = await feed.feeds(options.dataset.train, batch.rows);
  const times: number[] = [];
  for (let run = 0; run <= timingRepeats; run++) {
    const start = options.seconds();
    session.run(endpoint, feeds);
    if (run > 0) times.push(options.seconds() - start);
    await options.between();
  }
  return median(times);
}

import type { Accuracy } from '../contract/primitives.ts';
import type { BlockLatency, BlockResult } from '../contract/unit-result.ts';
import { constantAnswer } from '../evaluate/accuracy.ts';
import { classifies, evaluate, predict, type EvaluateOptions } from '../evaluate/evaluation.ts';
import { writeSafetensors } from '../exchange/safetensors.ts';
import { outputShapeOf } from '../models/network.ts';
import { elementCount } from '../graph/tensor.ts';
import type { PlannedInputs } from '../teacher/open-plan.ts';
import type { WorkContext } from '../work-context.ts';
import { isUsable, type BlockTraining } from './block-training.ts';
import { committedWeights } from './committed-weights.ts';
import { collapseReason } from './collapse.ts';
import { recalibrate, recalibrationBatches, targetVariance } from './recalibrate.ts';
import { copyOf, validationLosses, type TrainingContext } from './train-blocks.ts';
import { teacherScoreEndpoint, type Unit } from './unit.ts';

export interface FinishContext {
  readonly work: WorkContext;
  readonly inputs: PlannedInputs;
  readonly unit: Unit;
  readonly training: TrainingContext;
  readonly between: () => Promise<void>;
}

/**
 * Ends the training of blocks: best weights, recalibrated BatchNorm, then the figures by which they are judged. What is
 * measured is what will be stitched.
 */
export async function finishBlocks(context: FinishContext, blocks: readonly BlockTraining[]): Promise<void> {
  const { unit, inputs, training } = context;
  const usable = blocks.filter((block) => block.best !== undefined);
  unit.session.set(new Map(usable.flatMap(({ best }) => [...(best ?? [])])));
  await recalibrate({
    session: unit.session,
    targets: usable.map(({ graph }) => ({
      endpoint: graph.endpoints.recalibrate,
      statistics: graph.statistics.map((variable) => variable.name),
    })),
    batches: recalibrationBatches(training.spec.execution.seed, training.samples.train, {
      batchSize: inputs.plan.batchSize,
      count: training.spec.stitch.recalibrationBatches,
    }),
    feeds: (rows) => loadPlain(unit, rows),
    between: context.between,
  });
  const losses = await validationLosses(training, usable, context.between);
  for (const [index, block] of usable.entries()) {
    block.best = copyOf(unit.session.get(block.graph.weights.map((variable) => variable.name)));
    await judge(context, block, losses[index] ?? Number.NaN);
  }
  for (const { state } of blocks.filter((block) => block.best === undefined)) {
    state.verdict = {
      unexplainedVariance: null,
      score: null,
      collapsed: collapseReason({
        stopReason: 'NotFinite',
        unexplainedVariance: null,
        score: null,
        teacher: null,
        constantAnswer: null,
      }),
    };
  }
}

/** Unaugmented training activations: from the unit's source where it gives just those, else from the teacher. */
async function loadPlain(unit: Unit, rows: Int32Array): Promise<void> {
  await (unit.sourceIsPlain ? unit.source.load('train', rows, 0) : unit.teacher.loadPlain('train', rows));
}

async function judge(context: FinishContext, block: BlockTraining, loss: number): Promise<void> {
  const { inputs, training, unit } = context;
  const { graph, state } = block;
  const variance = await targetVariance(unit.session, graph, {
    samples: training.samples.validation,
    batchSize: inputs.plan.batchSize,
    load: (rows) => unit.source.load('validation', rows, 0),
    between: context.between,
  });
  const share = loss / variance;
  const unexplainedVariance = Number.isFinite(share) ? share : null;
  const score = await scoreOf(context, graph.endpoints.score);
  const labels = inputs.dataset.validation.labels;
  const collapsed = collapseReason({
    stopReason: state.stopReason ?? 'Finished',
    unexplainedVariance,
    score,
    teacher: inputs.plan.teacher.accuracy.validation,
    constantAnswer: labels === undefined ? null : constantAnswer(labels),
  });
  state.verdict = { unexplainedVariance, score, collapsed };
}

/** The full teacher with this one block swapped, over the validation split. */
async function scoreOf(context: FinishContext, endpoint: string): Promise<Accuracy> {
  const { inputs, unit } = context;
  const split = inputs.dataset.validation;
  const options: Omit<EvaluateOptions, 'reference' | 'elements'> = {
    session: unit.session,
    endpoint,
    feed: unit.plainFeed,
    split,
    batchSize: inputs.plan.batchSize,
    between: context.between,
  };
  const shape = outputShapeOf(inputs.teacher);
  if (!classifies(shape))
    return evaluate({ ...options, reference: undefined, elements: elementCount(shape) });
  const reference =
    split.labels === undefined
      ? {
          answers: await predict({ ...options, endpoint: teacherScoreEndpoint }),
          measure: 'Agreement' as const,
        }
      : { answers: split.labels, measure: 'Top1' as const };
  return evaluate({ ...options, reference, elements: 1 });
}

/** Writes a finished block's weights, unless they are a baseline's, and says what became of it. */
export async function commitBlock(
  context: WorkContext,
  block: BlockTraining,
  { index, latency }: { index: number; latency: BlockLatency | null | undefined },
): Promise<BlockResult> {
  const { state } = block;
  const collapsed = state.verdict?.collapsed;
  const usable = isUsable(block);
  const path = `block-${String(index).padStart(3, '0')}.safetensors`;
  const isKept = usable && context.spec.stage !== 'Baseline';
  if (isKept) {
    const tensors = committedWeights(block);
    await writeSafetensors(context.attempt.path(path), { tensors, metadata: { block: state.name } });
  }
  return {
    name: state.name,
    state: usable ? 'Distilled' : 'Collapsed',
    ...(collapsed === undefined ? {} : { reason: collapsed }),
    trainings: state.training,
    epochs: state.epochs,
    stopReason: state.stopReason ?? 'Finished',
    loss: state.history.at(-1)?.loss ?? null,
    unexplainedVariance: state.verdict?.unexplainedVariance ?? null,
    score: state.verdict?.score ?? null,
    history: state.history,
    seconds: state.seconds,
    ...(latency === undefined ? {} : { latency }),
    weights: isKept ? await context.attempt.artifact(path) : null,
  };
}

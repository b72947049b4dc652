import type { Progress } from '../contract/progress.ts';
import type { WorkContext } from '../work-context.ts';
import type { BlockTraining } from './block-training.ts';
import type { Cursor } from './train-blocks.ts';
import { trainingLength } from './training-length.ts';

export interface TrainingReport {
  readonly cursor: Cursor;
  readonly samples: number;
  /** When the steps of this attempt began, and how many were done then. */
  readonly since: { readonly seconds: number; readonly steps: number };
  readonly trained: NonNullable<Progress['trained']>;
}

/** Share of a unit that is its training: behind it the blocks are judged. */
const trainingShare = 0.97;

/** Tells how far the blocks have come; the caller's channel thins it out. */
export function reportTraining(
  context: WorkContext,
  blocks: readonly BlockTraining[],
  report: TrainingReport,
): void {
  const { cursor, samples, since, trained } = report;
  const jobSpec = context.spec.spec;
  const { epochs, stepsPerEpoch, steps } = trainingLength(jobSpec, samples);
  const done = Math.min(steps, cursor.epoch * stepsPerEpoch + cursor.step);
  const elapsed = context.clock.seconds() - since.seconds;
  const perSecond = elapsed > 0 && done > since.steps ? (done - since.steps) / elapsed : undefined;
  const live = blocks.filter((block) => block.state.live).length;
  const left = live === 0 ? 0 : steps - done;
  const judging = steps / trainingShare - steps;
  context.report({
    activity: 'Training',
    fraction: trainingShare * (1 - left / steps),
    samplesPerSecond: perSecond === undefined ? null : perSecond * jobSpec.distill.batchSize * live,
    etaSeconds: perSecond === undefined ? null : (left + judging) / perSecond,
    trained: { ...trained },
    blocks: blocks.map(({ state }) => ({
      name: state.name,
      state: state.live ? 'Training' : 'Done',
      epoch: Math.min(epochs, state.epochs),
      epochs,
      step: state.live ? done : steps,
      steps,
      loss: state.history.at(-1)?.loss ?? null,
    })),
  });
}

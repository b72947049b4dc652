import type { BlockCheckpoint } from './checkpoint.ts';
import type { BlockGraph } from './block-graph.ts';
import type { Values } from '../graph/session.ts';

export interface EarlyStopping {
  /** Epochs without a better validation loss after which a block stops. */
  readonly patience: number;
  /** By how much a loss must be lower to count as better. */
  readonly minDelta: number;
}

/** One block's training: what has happened to it, and its best weights so far. */
export interface BlockTraining {
  readonly graph: BlockGraph;
  readonly state: BlockCheckpoint;
  /** Weights and BatchNorm statistics of the epoch with the lowest validation loss. */
  best: ReadonlyMap<string, Values> | undefined;
}

export function newBlockTraining(graph: BlockGraph, training: number, seconds = 0): BlockTraining {
  return {
    graph,
    best: undefined,
    state: {
      name: graph.block.name,
      training,
      live: true,
      epochs: 0,
      bestLoss: null,
      lossToBeat: null,
      epochsSinceBest: 0,
      history: [],
      seconds,
      verdict: null,
    },
  };
}

/** Whether a replacement came out that can be stitched. */
export function isUsable({ state, best }: BlockTraining): boolean {
  return state.verdict?.collapsed === undefined && best !== undefined;
}

export interface EpochOutcome {
  /** Mean training loss, null when it was not finite. */
  readonly loss: number | null;
  readonly validationLoss: number | null;
  /** More epochs are to come. */
  readonly more: boolean;
}

/**
 * Books an epoch and says whether its weights are the best so far. Ends the training when the loss is not finite, when
 * patience has run out, or when it was the last epoch.
 */
export function endEpoch(
  state: BlockCheckpoint,
  outcome: EpochOutcome,
  stopping: EarlyStopping | undefined,
): boolean {
  const { loss, validationLoss } = outcome;
  state.epochs += 1;
  state.history.push({ loss, validationLoss });
  if (loss === null || validationLoss === null) {
    stop(state, 'NotFinite');
    return false;
  }
  const better = state.bestLoss === null || validationLoss < state.bestLoss;
  if (better) state.bestLoss = validationLoss;
  // As in Keras: only a gain of minDelta moves the mark, so that small steady gains add up to one.
  const enough = state.lossToBeat === null || validationLoss < state.lossToBeat - (stopping?.minDelta ?? 0);
  if (enough) state.lossToBeat = validationLoss;
  state.epochsSinceBest = enough ? 0 : state.epochsSinceBest + 1;
  if (stopping !== undefined && state.epochsSinceBest >= stopping.patience) stop(state, 'EarlyStopped');
  else if (!outcome.more) stop(state, 'Finished');
  return better;
}

function stop(state: BlockCheckpoint, reason: NonNullable<BlockCheckpoint['stopReason']>): void {
  state.live = false;
  state.stopReason = reason;
}

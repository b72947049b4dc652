import type { Measured, Prepared, TrainingAmount } from '../decide/observed.ts';
import { predictedSeconds, timedBlocks } from '../decide/predicted-time.ts';
import { bestCuts } from './best-cuts.ts';

/** What the manifest says about units. */
export type Packing =
  | { readonly mode: 'PerBlock' }
  /** For this many workers. */
  | { readonly mode: 'Auto'; readonly workers: number };

/** From a worker's start to its first teacher pass: roughly what TensorFlow, the graph and a pod's start take. */
export const startUpSeconds = 10;

/**
 * The blocks of each unit, in the plan's order.
 *
 * `Auto`: runs of neighbouring blocks that are all done soonest. A unit costs its start, the teacher up to its last block
 * for each pass that is needed, and its blocks' own steps; where its activations would no longer fit what the manifest
 * allows to be kept, the teacher runs for every step, which the times show. A function of its arguments alone.
 */
export function chooseUnits(
  measured: Measured,
  training: TrainingAmount,
  packing: Packing,
): Prepared['units'] {
  const blocks = timedBlocks(measured);
  const names = blocks.map(({ name }) => name);
  if (packing.mode === 'PerBlock') return names.map((name) => [name]);
  const seconds = unitSeconds(measured, training);
  const ends = bestCuts({ blocks: blocks.length, workers: packing.workers, seconds });
  return ends.map((end, unit) => names.slice(ends[unit - 1] ?? 0, end));
}

/** Seconds of a unit of the plan's blocks `first` to `last`, both included, with its start. */
export function unitSeconds(
  measured: Measured,
  training: TrainingAmount,
): (first: number, last: number) => number {
  const blocks = timedBlocks(measured);
  return (first, last) =>
    startUpSeconds + predictedSeconds(blocks.slice(first, last + 1), measured, training);
}

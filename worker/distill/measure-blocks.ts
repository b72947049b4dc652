import type { BlockLatency } from '../contract/unit-result.ts';
import { batchesOf } from '../evaluate/batches.ts';
import { timePair } from '../evaluate/time-pair.ts';
import { InterruptedError } from '../interruption.ts';
import type { PlannedInputs } from '../teacher/open-plan.ts';
import type { WorkContext } from '../work-context.ts';
import { blockPair } from './block-pair.ts';
import { isUsable, type BlockTraining } from './block-training.ts';
import type { Unit } from './unit.ts';

/**
 * Whole networks are timed with both. A batch of one tells of a GPU only how long kernels take to launch, and a large one
 * takes a CPU seconds.
 */
const batchSizes = { CPU: 1, GPU: 64 };
/** A block. Enough for medians, and little beside its training. */
const effort = { budgetSeconds: 1, maxRepeats: 7 };

export interface MeasureContext {
  readonly work: Pick<WorkContext, 'clock' | 'logger'>;
  readonly inputs: Pick<PlannedInputs, 'device' | 'plan' | 'teacher'>;
  readonly unit: Pick<Unit, 'session' | 'source'>;
  readonly between: () => Promise<void>;
}

/**
 * How long inference takes of each block's layers in the teacher, and of the replacement that was trained, alone on the
 * device with a batch of what the block reads. Blocks without a usable replacement are left out; null: it could not be
 * measured, as in a GPU that is full.
 *
 * Comes after all training and judging, in graphs of its own: no bit and no second of either depends on it.
 */
export async function measureBlocks(
  context: MeasureContext,
  blocks: readonly BlockTraining[],
): Promise<ReadonlyMap<string, BlockLatency | null>> {
  const { inputs, unit, work } = context;
  const latencies = new Map<string, BlockLatency | null>();
  const usable = blocks.filter(isUsable);
  const [batch] = batchesOf(inputs.plan.dataset.samples.validation, inputs.plan.batchSize);
  if (usable.length === 0 || batch === undefined) return latencies;
  await unit.source.load('validation', batch.rows, 0);
  for (const block of usable) {
    const { name } = block.graph.block;
    try {
      latencies.set(name, await measureBlock(context, block));
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      // What was trained for hours is not lost for a figure about it.
      work.logger.warn('Inference of a block could not be timed', { block: name, error });
      latencies.set(name, null);
    }
  }
  return latencies;
}

async function measureBlock(context: MeasureContext, block: BlockTraining): Promise<BlockLatency> {
  const { inputs, unit, work, between } = context;
  const { device, teacher } = inputs;
  const batchSize = batchSizes[device];
  const pair = blockPair(block, { teacher, session: unit.session, batchSize });
  const options = { ...effort, device, between, seconds: work.clock.seconds };
  const { teacherMilliseconds, studentMilliseconds, repeats } = await timePair(pair, options);
  return { batchSize, teacherMilliseconds, replacementMilliseconds: studentMilliseconds, repeats };
}

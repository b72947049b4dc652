import { BlockstillError } from '../../common/error.ts';
import type { WorkContext } from '../work-context.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Replaces the attempt's checkpoint. Storage that can't be reached just now is no reason to give up what has been trained:
 * the next checkpoint may get through, and the one before it still lies there. Only a worker that was told to stop must
 * know that it is safe.
 */
export async function saveCheckpoint(
  { attempt, logger, signal }: Pick<WorkContext, 'attempt' | 'logger' | 'signal'>,
  checkpoint: Checkpoint<unknown>,
): Promise<void> {
  try {
    await attempt.saveCheckpoint(checkpoint);
  } catch (error) {
    const passing = error instanceof BlockstillError && error.code === 'storage/unreachable';
    if (!passing || signal.aborted) throw error;
    logger.warn('A checkpoint could not be uploaded; the training goes on', { reason: error.message });
  }
}

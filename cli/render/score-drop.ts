import type { BlockStatus, DistillationJobStatus } from '../../crds/status.ts';
import { measureNames } from '../../operator/decide/judged-by.ts';

/** What the teacher loses on the validation split when this one block is swapped; undefined while it is unknown. */
export function scoreDrop(block: BlockStatus, { teacher }: DistillationJobStatus): number | undefined {
  if (block.score === undefined) return undefined;
  // Agreement and imitation compare with the teacher itself, which agrees with itself entirely.
  if (block.score.measure !== 'Top1') return 1 - block.score.value;
  const reference = teacher?.accuracy?.validation;
  return reference?.measure === 'Top1' ? reference.value - block.score.value : undefined;
}

/** What a block's score is a share of, in a word: a lack of imitation is no loss of accuracy. */
export function scoreName({ score }: Pick<BlockStatus, 'score'>): string {
  return measureNames[score?.measure ?? 'Top1'].short;
}

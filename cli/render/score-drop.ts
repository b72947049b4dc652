import type { BlockStatus, DistillationJobStatus } from '../../crds/status.ts';

/** What the teacher loses on the validation split when this one block is swapped; undefined while it is unknown. */
export function scoreDrop(block: BlockStatus, { teacher }: DistillationJobStatus): number | undefined {
  if (block.score === undefined) return undefined;
  // Agreement and imitation compare with the teacher itself, which agrees with itself entirely.
  if (block.score.measure !== 'Top1') return 1 - block.score.value;
  const reference = teacher?.accuracy?.validation;
  return reference?.measure === 'Top1' ? reference.value - block.score.value : undefined;
}

import type { Accuracy } from '../contract/primitives.ts';

export interface CollapseEvidence {
  readonly stopReason: 'Finished' | 'EarlyStopped' | 'NotFinite';
  readonly unexplainedVariance: number | null;
  readonly score: Accuracy | null;
  /** The teacher's own figure on the same split. */
  readonly teacher: Accuracy | null;
  /** What always answering the commonest class scores; null without labels. */
  readonly constantAnswer: number | null;
}

/**
 * Why a block is judged to have learnt nothing, as a sentence, or undefined when it has.
 *
 * The authors' own runs hold blocks at chance level that went into the network unnoticed; hence all three signs.
 */
export function collapseReason(evidence: CollapseEvidence): string | undefined {
  const { score, teacher, constantAnswer, unexplainedVariance } = evidence;
  if (evidence.stopReason === 'NotFinite') return 'The training loss became infinite or not a number.';
  if (unexplainedVariance === null || !Number.isFinite(unexplainedVariance)) {
    return 'The validation error is not a finite number.';
  }
  if (unexplainedVariance >= 1) {
    return `The replacement explains nothing of its target (unexplained variance ${unexplainedVariance.toPrecision(3)}).`;
  }
  if (score === null || teacher === null || constantAnswer === null) return undefined;
  const teacherIsBetter = teacher.value > constantAnswer + 2 * teacher.standardError;
  if (teacherIsBetter && score.value <= constantAnswer + 2 * score.standardError) {
    return `With this block swapped in, the network answers no better (${percent(score.value)}) than always giving the commonest class (${percent(constantAnswer)}).`;
  }
  return undefined;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

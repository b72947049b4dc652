import type { Accuracy } from '../contract/primitives.ts';

export interface AcceptanceEvidence {
  /** Validation figures. */
  readonly teacher: Accuracy | null;
  readonly student: Accuracy | null;
  /** How many blocks the student replaces. */
  readonly replaced: number;
  readonly maxAccuracyDrop: number;
}

export interface Acceptance {
  readonly accepted: boolean;
  readonly reason?: string;
}

/** Whether the student is good enough to be published; the reason is a sentence. */
export function acceptanceOf(evidence: AcceptanceEvidence): Acceptance {
  const { student, teacher } = evidence;
  if (evidence.replaced === 0) {
    return { accepted: false, reason: 'No block was replaced, so the student would be the teacher.' };
  }
  if (student === null) return { accepted: false, reason: "The student's validation figure is unknown." };
  const reference = student.measure === 'Top1' ? teacher?.value : 1;
  if (reference === undefined)
    return { accepted: false, reason: "The teacher's validation figure is unknown." };
  const drop = reference - student.value;
  if (drop <= evidence.maxAccuracyDrop) return { accepted: true };
  const points = (share: number): string => (100 * share).toFixed(2);
  return {
    accepted: false,
    reason: `The student is ${points(drop)} points worse than the teacher on validation; spec.acceptance.maxAccuracyDrop allows ${points(evidence.maxAccuracyDrop)}.`,
  };
}

import type { Accuracies } from '../contract/primitives.ts';

/** By how much validation may be better than test before it looks as if the teacher was trained on it. */
const suspiciousGap = 0.02;

/** A sentence when the teacher seems to have seen the validation data: choices made on it would then flatter. */
export function overfitWarning({ validation, test }: Accuracies): string | undefined {
  if (validation === null || test === null) return undefined;
  const gap = validation.value - test.value;
  const standardError = Math.hypot(validation.standardError, test.standardError);
  if (gap <= suspiciousGap || gap <= 2 * standardError) return undefined;
  const points = (100 * gap).toFixed(1);
  return `The teacher is ${points} points better on validation than on test: it has probably been trained on the validation data, so choices made there flatter. Give spec.dataset.validation data that the teacher has not seen.`;
}

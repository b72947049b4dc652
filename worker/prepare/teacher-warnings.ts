import type { Accuracies } from '../contract/primitives.ts';

/** By how much validation may be better than test before it looks as if the teacher was trained on it. */
const suspiciousGap = 0.02;

/** What about the teacher's own figures makes those of its students doubtful, a sentence each. */
export function teacherWarnings(accuracy: Accuracies, constantAnswer: number | null): string[] {
  return [overfitWarning(accuracy), chanceWarning(accuracy, constantAnswer)].filter(
    (warning) => warning !== undefined,
  );
}

/** The teacher seems to have seen the validation data: choices made on it would then flatter. */
function overfitWarning({ validation, test }: Accuracies): string | undefined {
  if (validation === null || test === null) return undefined;
  const gap = validation.value - test.value;
  const standardError = Math.hypot(validation.standardError, test.standardError);
  if (gap <= suspiciousGap || gap <= 2 * standardError) return undefined;
  const points = (100 * gap).toFixed(1);
  return `The teacher is ${points} points better on validation than on test: it has probably been trained on the validation data, so choices made there flatter. Give spec.dataset.validation data that the teacher has not seen.`;
}

/** The teacher does no better than always giving the commonest class: mostly a sign of wrong preprocessing. */
function chanceWarning({ validation }: Accuracies, constantAnswer: number | null): string | undefined {
  if (validation === null || constantAnswer === null) return undefined;
  if (validation.value > constantAnswer + 2 * validation.standardError) return undefined;
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  return `The teacher answers ${percent(validation.value)} of the validation images rightly, no better than always giving the commonest class (${percent(constantAnswer)}). Check spec.dataset.preprocessing (rescale, mean, std, channelOrder) and the order of the classes: they must be those of the teacher's training.`;
}

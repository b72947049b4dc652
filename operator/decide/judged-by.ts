import type { Accuracy } from '../../worker/contract/primitives.ts';

/**
 * How students are judged on data without labels, as a phrase; undefined when there are labels.
 *
 * @param outputShape of the teacher, without batch; one score a class is a classification, anything else a dense output
 */
export function judgedWithoutLabels(
  classes: number | null,
  outputShape: readonly number[],
): string | undefined {
  if (classes !== null) return undefined;
  return outputShape.length === 1 && (outputShape[0] ?? 0) > 1
    ? 'no labels: judged by agreement with the teacher'
    : "no labels: judged by imitation of the teacher's output";
}

/** What a figure is called in full, and in a column. */
export const measureNames = {
  Top1: { title: 'Top-1 accuracy', short: 'score' },
  Agreement: { title: 'Agreement with the teacher', short: 'agreement' },
  Imitation: { title: "Imitation of the teacher's output", short: 'imitation' },
} as const satisfies Record<Accuracy['measure'], { title: string; short: string }>;

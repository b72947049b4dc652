import type { Accuracies } from '../contract/primitives.ts';

/** The stage with the highest validation figure; of equal ones the later, which has seen more. Test figures choose nothing. */
export function bestStage<Stage extends { readonly accuracy: Accuracies }>(stages: readonly Stage[]): Stage {
  return stages.reduce((best, stage) =>
    (stage.accuracy.validation?.value ?? 0) >= (best.accuracy.validation?.value ?? 0) ? stage : best,
  );
}

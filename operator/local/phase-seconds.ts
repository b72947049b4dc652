import { coveredSeconds } from '../accounting/intervals.ts';
import type { Observed } from '../decide/observed.ts';
import type { Stage } from '../../worker/contract/primitives.ts';

/** Seconds during which at least one attempt of the stage ran; a stage that never ran is absent, and so is what an edit superseded. */
export function phaseSeconds(observed: Observed): { prepare?: number; distill?: number; finetune?: number } {
  const of = (stage: Stage): number =>
    coveredSeconds(
      observed.attempts.flatMap((attempt) =>
        attempt.stage !== stage ||
        attempt.superseded === true ||
        attempt.startTime === undefined ||
        attempt.endTime === undefined
          ? []
          : [{ start: attempt.startTime.getTime() / 1000, end: attempt.endTime.getTime() / 1000 }],
      ),
    );
  const entries = (['Prepare', 'Distill', 'Finetune'] as const).map(
    (stage) => [stage.toLowerCase(), of(stage)] as const,
  );
  return Object.fromEntries(entries.filter(([, seconds]) => seconds > 0));
}

import { coveredSeconds } from '../accounting/intervals.ts';
import type { Observed } from '../decide/observed.ts';
import { stageSchema, type Stage } from '../../worker/contract/primitives.ts';

export type PhaseSeconds = { readonly [Name in Lowercase<Stage>]?: number };

/** Seconds during which at least one attempt of the stage ran; a stage that never ran is absent, and so is what an edit superseded. */
export function phaseSeconds(observed: Observed): PhaseSeconds {
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
  const entries = stageSchema.options.map((stage) => [stage.toLowerCase(), of(stage)] as const);
  return Object.fromEntries(entries.filter(([, seconds]) => seconds > 0));
}

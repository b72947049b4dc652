import type { Reference, UnitSpec } from '../../worker/contract/unit-spec.ts';
import type { UnitToCreate } from './decision.ts';
import type { Prepared } from './observed.ts';
import { clip, firstLine } from './text.ts';
import { isDue, nextAttempt, type UnitViews } from './units.ts';

/** Finetune, as soon as every unit is done or given up. */
export function decideFinetune(
  units: UnitViews,
  prepared: Prepared | undefined,
  now: Date,
): readonly UnitToCreate[] {
  if (prepared === undefined || !isDue(units.finetune, now)) return [];
  const results: Reference[] = [];
  const failedBlocks: { name: string; reason: string }[] = [];
  for (const { state, blocks } of units.distill) {
    if (state.kind === 'Done') results.push(state.result.reference);
    else if (state.kind === 'Exhausted')
      failedBlocks.push(...blocks.map((name) => ({ name, reason: clip(firstLine(state.message), 256) })));
    else return [];
  }
  const given = { plan: prepared.reference, results, failedBlocks } satisfies Partial<UnitSpec>;
  return [{ ...nextAttempt(units.finetune), ...given }];
}

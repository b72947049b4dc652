import type { DistillationJobStatus } from '../../crds/status.ts';
import { significant } from '../accounting/significant.ts';
import { clip } from './text.ts';
import type { UnitViews } from './units.ts';

/** The energy of all units, known only when every one of them had a meter. */
export function energyOf(units: UnitViews): NonNullable<DistillationJobStatus['energy']> {
  const results = [units.prepare, ...units.distill, units.finetune].flatMap(({ state }) =>
    state.kind === 'Done' ? [state.result.value] : [],
  );
  if (results.length === 0) return { reason: 'No unit has ended.' };
  const unmetered = results.find((result) => result.joules === null);
  if (unmetered !== undefined) return { reason: clip(unmetered.joulesReason ?? 'no meter', 512) };
  return { joules: significant(results.reduce((total, result) => total + (result.joules ?? 0), 0)) };
}

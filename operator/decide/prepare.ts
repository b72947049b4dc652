import type { UnitToCreate } from './decision.ts';
import { isDue, nextAttempt, type UnitView } from './units.ts';

/** The first attempt at prepare, or the next one when it is due. */
export function decidePrepare(prepare: UnitView, now: Date): readonly UnitToCreate[] {
  return isDue(prepare, now) ? [nextAttempt(prepare)] : [];
}

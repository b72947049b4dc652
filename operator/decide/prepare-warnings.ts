import type { Observed } from './observed.ts';

/** What prepare warns of: about teacher and data, then about the device that it ran on. */
export function prepareWarnings({ prepared }: Observed): readonly string[] {
  return prepared === undefined ? [] : [...prepared.plan.warnings, ...prepared.profile.warnings];
}

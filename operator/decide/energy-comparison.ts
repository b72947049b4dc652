import type { BaselineStatus } from '../../crds/status.ts';
import type { Comparison } from '../accounting/energy-figures.ts';
import { energyAccountOf, type EnergyAccount } from '../accounting/energy.ts';
import { whyUnknown } from './baseline.ts';
import { energySeen, type SeenFromOutside } from './energy-seen.ts';
import type { UnitViews } from './units.ts';

/** What the energy of a job is compared with, within the same boundary. */
export interface ComparisonInput {
  readonly units: UnitViews;
  /** Of the whole job. */
  readonly account: EnergyAccount;
  readonly outside: SeenFromOutside;
}

/**
 * A serial run is all blocks and nothing else, so it is compared with the distill stage; another job with the whole of this
 * one. Neither before all of it is done: a part always draws less.
 *
 * @returns why there is nothing to compare with; without a word where nobody asked for it
 */
export function comparisonWith(
  baseline: BaselineStatus | undefined,
  { units, account, outside }: ComparisonInput,
): Comparison | { reason: string | undefined } {
  if (baseline === undefined) return { reason: undefined };
  const { mode, state, joules, coverage = [], dedicatedNode } = baseline;
  if (state !== 'Known' || joules === undefined) {
    return { reason: `No saving is known. ${whyUnknown(baseline)}` };
  }
  const compared = mode === 'Measure' ? units.distill : [units.prepare, ...units.distill, units.finetune];
  const undone = compared.filter((unit) => unit.state.kind !== 'Done').length;
  if (undone > 0) {
    return { reason: `No saving is known: ${undone} of ${compared.length} units to compare are not done.` };
  }
  return {
    ours: mode === 'Measure' ? energyAccountOf(energySeen(compared, outside).input) : account,
    baseline: { coverage, used: joules, ...(dedicatedNode === undefined ? {} : { dedicatedNode }) },
    stages: mode === 'Measure' ? 'distill stage' : 'whole job',
  };
}

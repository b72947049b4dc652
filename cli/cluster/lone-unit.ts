import type { DistillationJobStatus } from '../../crds/status.ts';

/** Units that are no block's, by the name that users know them by. */
type LoneUnit = 'prepare' | 'baseline' | 'finetune';

const loneUnits: readonly string[] = ['prepare', 'baseline', 'finetune'] satisfies LoneUnit[];

export function isLoneUnit(name: string): name is LoneUnit {
  return loneUnits.includes(name);
}

/** Those that a job has: few have a serial run to measure against. */
export function loneUnitsOf(status: DistillationJobStatus | undefined): readonly LoneUnit[] {
  return ['prepare', ...(status?.baseline?.mode === 'Measure' ? ['baseline' as const] : []), 'finetune'];
}

import type { Artifact } from './primitives.ts';
import type { UnitResult } from './unit-result.ts';

/**
 * `Everything`: every file that a result vouches for. `Documents`: plan and profile, and what finetune made; enough once
 * a student is committed, since data and checkpoints may have been cleared away by then.
 */
export type ArtifactDepth = 'Everything' | 'Documents';

/** The files that a result vouches for, relative to its own folder. */
export function artifactsOf(result: UnitResult, depth: ArtifactDepth = 'Everything'): readonly Artifact[] {
  const everything = depth === 'Everything';
  switch (result.stage) {
    case 'Prepare':
      return [result.plan, result.profile, ...(everything ? result.artifacts : [])];
    case 'Baseline':
      return [];
    case 'Distill':
      return !everything ? [] : result.blocks.flatMap(({ weights }) => (weights === null ? [] : [weights]));
    case 'Finetune':
      return result.artifacts;
  }
}

import type { JobSpec } from '../contract/job-spec.ts';
import type { Plan } from '../contract/plan.ts';
import { findBlocks } from '../models/find-blocks.ts';
import type { Network } from '../models/network.ts';
import type { UnmeasuredBlock } from './measure-teacher.ts';

export interface ChosenBlocks {
  readonly blocks: readonly UnmeasuredBlock[];
  readonly kept: Plan['kept'];
  /** The names of both together in the teacher's order. */
  readonly candidates: readonly string[];
}

/**
 * The blocks of the plan, in the teacher's order, and the candidates that stay the teacher's.
 *
 * @throws InvalidInputError `model/no-blocks` listing every candidate with its reason.
 */
export function chooseBlocks(teacher: Network, spec: JobSpec): ChosenBlocks {
  const { blocks, kept, candidates } = findBlocks(teacher, spec.partition, spec.replacement.candidates[0]);
  return {
    blocks: blocks.map(({ block, cost, replacement }) => ({
      name: block.name,
      layers: [...block.layers],
      input: block.inputBoundary,
      output: block.outputBoundary,
      inputShape: [...block.inputShape],
      outputShape: [...block.outputShape],
      teacher: cost,
      replacement: replacement.cost,
    })),
    kept: kept.map(({ name, layers, reason }) => ({ name, layers: [...layers], reason })),
    candidates,
  };
}

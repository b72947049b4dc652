import type { JobSpec } from '../contract/job-spec.ts';
import type { PlannedBlock } from '../contract/plan.ts';
import { blockBetween } from '../models/block.ts';
import type { Network } from '../models/network.ts';
import { replacementFor } from '../models/replacement.ts';

/** The untrained replacement of a planned block: a function of teacher, plan and manifest, so every stage rebuilds it. */
export function replacementOf(
  teacher: Network,
  block: Pick<PlannedBlock, 'name' | 'input' | 'output'>,
  spec: JobSpec,
): Network {
  const boundaries = { from: block.input, to: block.output };
  return replacementFor(
    teacher,
    blockBetween(teacher, block.name, boundaries),
    spec.replacement.candidates[0],
  ).network;
}

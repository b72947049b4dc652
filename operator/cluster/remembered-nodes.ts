import type { DistillationJobStatus } from '../../crds/status.ts';
import type { ObservedAttempt } from '../decide/observed.ts';

/** The attempts, with the nodes of those whose pods are gone as the status has them for their blocks. */
export function withRememberedNodes(
  attempts: readonly ObservedAttempt[],
  { blocks = [] }: Pick<DistillationJobStatus, 'blocks'>,
): readonly ObservedAttempt[] {
  const nodes = new Map(blocks.map(({ name, node }) => [name, node]));
  return attempts.map((attempt) => {
    const { node, result } = attempt;
    if (node !== undefined || result?.value.stage !== 'Distill') return attempt;
    const remembered = nodes.get(result.value.blocks[0]?.name ?? '');
    return remembered === undefined ? attempt : { ...attempt, node: remembered };
  });
}

import { BlockstillError } from '../../common/error.ts';
import type { CheckedValues, OpDefinition } from './op-definition.ts';
import type { AttributeValue, Operation } from './tensor.ts';

/**
 * Refuses to differentiate an operation outside what the gradient checks cover. The same data (`checked` in the op
 * table) tells the checks what to try and the builder what to accept, so neither can get ahead of the other.
 */
export function requireChecked(operation: Operation, { facets, checked = {} }: OpDefinition): void {
  for (const [facet, values] of Object.entries(facets?.(operation) ?? {})) {
    const unchecked = values.find((value) => checked[facet]?.includes(value) !== true);
    if (unchecked === undefined) continue;
    throw new BlockstillError(
      'graph/unchecked-attributes',
      `${operation.op} with ${facet} ${String(unchecked)} cannot be trained: its gradient has not been checked.`,
      { where: operation.name, hint: `Checked are: ${checked[facet]?.join(', ') ?? 'none'}.` },
    );
  }
}

/** Every combination of one value a facet. */
export function combinations(checked: CheckedValues): readonly Readonly<Record<string, AttributeValue>>[] {
  return Object.entries(checked).reduce<Record<string, AttributeValue>[]>(
    (all, [facet, values]) => all.flatMap((known) => values.map((value) => ({ ...known, [facet]: value }))),
    [{}],
  );
}

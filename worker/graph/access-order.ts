import { BlockstillError } from '../../common/error.ts';
import type { Endpoint } from './graph.ts';
import type { Operation, Tensor } from './tensor.ts';

/** Everything that runs when these operations run, themselves included. */
export function reachable(roots: Iterable<Operation>): Set<Operation> {
  const found = new Set<Operation>();
  const waiting = [...roots];
  for (let operation = waiting.pop(); operation !== undefined; operation = waiting.pop()) {
    if (found.has(operation)) continue;
    found.add(operation);
    for (const { operation: source } of operation.inputs) waiting.push(source);
    waiting.push(...operation.after);
  }
  return found;
}

function endpointOperations({ fetch, run }: Endpoint): Set<Operation> {
  return reachable([...Object.values(fetch).map(({ operation }) => operation), ...run]);
}

/**
 * Refuses an endpoint in which a variable is changed while another operation that is neither before nor after it
 * uses the same variable: TensorFlow would run them in any order, and the result would depend on timing.
 */
export function requireOrderedAccess(name: string, endpoint: Endpoint): void {
  const users = new Map<Tensor, Operation[]>();
  for (const operation of endpointOperations(endpoint)) {
    for (const handle of operation.inputs) {
      if (handle.dtype !== 'resource') continue;
      const known = users.get(handle);
      if (known === undefined) users.set(handle, [operation]);
      else known.push(operation);
    }
  }
  for (const [handle, operations] of users) {
    const writes = operations.filter(({ op }) => op !== 'ReadVariableOp' && op !== 'ResourceGather');
    for (const write of writes) requireOrdered(name, { handle, write, operations });
  }
}

function requireOrdered(
  endpoint: string,
  { handle, write, operations }: { handle: Tensor; write: Operation; operations: readonly Operation[] },
): void {
  const earlier = reachable([write]);
  const other = operations.find((operation) => !earlier.has(operation) && !reachable([operation]).has(write));
  if (other === undefined) return;
  const variable = String(handle.operation.attributes['shared_name']);
  throw new BlockstillError(
    'graph/unordered-access',
    `The endpoint "${endpoint}" uses the variable "${variable}" in ${other.name} and changes it in ${write.name} in no fixed order.`,
    { hint: 'Give one of them the other in `after`.' },
  );
}

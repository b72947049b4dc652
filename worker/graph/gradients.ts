import { BlockstillError } from '../../common/error.ts';
import { reachable } from './access-order.ts';
import { requireChecked } from './checked-attributes.ts';
import { output } from './nn/output.ts';
import type { GradientRule, OpDefinition } from './op-definition.ts';
import { operations as opTable } from './ops/index.ts';
import type { Operation, Tensor, Variable } from './tensor.ts';
import { isFloating } from './tensor.ts';

/**
 * The gradients of a scalar loss with respect to variables, as new operations of the graph (reverse mode).
 *
 * Only operations between the variables' current reads and the loss are differentiated.
 *
 * @throws BlockstillError `graph/no-gradient` when one of them cannot be, `graph/unchecked-attributes` when its
 * gradient has not been proven for these attributes, `graph/no-path` when the loss does not depend on a variable.
 */
export function gradients(loss: Tensor, variables: readonly Variable[]): readonly Tensor[] {
  if (loss.shape.length > 0 || loss.dtype !== 'float32') {
    throw new BlockstillError('graph/not-scalar', 'A gradient is taken of one float32 number, the loss.');
  }
  const { graph } = loss;
  const reads = variables.map((variable) => graph.read(variable));
  const path = operationsBetween(new Set(reads), loss);
  const found = new Map<Tensor, Tensor>([[loss, graph.constant(1)]]);
  const wanted = (tensor: Tensor): boolean => path.has(tensor.operation) || reads.includes(tensor);
  for (const operation of [...path].toReversed()) propagate(operation, found, wanted);
  return reads.map((read, index) => {
    const gradient = found.get(read);
    if (gradient !== undefined) return gradient;
    throw new BlockstillError(
      'graph/no-path',
      `The loss does not depend on the variable "${variables[index]?.name}".`,
    );
  });
}

/** The operations that carry a change of the sources to the loss, in the order in which they run. */
function operationsBetween(sources: ReadonlySet<Tensor>, loss: Tensor): ReadonlySet<Operation> {
  const upstream = reachable([loss.operation]);
  const carrying = new Set<Operation>();
  for (const operation of loss.graph.operations) {
    if (!upstream.has(operation)) continue;
    const carries = (tensor: Tensor): boolean =>
      sources.has(tensor) || (isFloating(tensor.dtype) && carrying.has(tensor.operation));
    if (operation.inputs.some(carries)) carrying.add(operation);
  }
  return carrying;
}

/** Adds an operation's share to the gradients of its inputs, as far as they are wanted. */
function propagate(
  operation: Operation,
  found: Map<Tensor, Tensor>,
  wanted: (tensor: Tensor) => boolean,
): void {
  const reached = operation.outputs.findLast((tensor) => found.has(tensor));
  const dy = reached === undefined ? undefined : found.get(reached);
  if (reached === undefined || dy === undefined) return;
  const shares = gradientRule(reached)({ operation, dy });
  operation.inputs.forEach((tensor, index) => {
    const share = shares[index];
    if (share === undefined || !wanted(tensor)) return;
    const known = found.get(tensor);
    found.set(tensor, known === undefined ? share() : output('AddV2', [known, share()]));
  });
}

/** How the gradient of an operation's output becomes those of its inputs. */
function gradientRule({ operation, index }: Tensor): GradientRule {
  const definition: OpDefinition = opTable[operation.op];
  const refuse = (because: string): never => {
    throw new BlockstillError('graph/no-gradient', `${operation.name} cannot be differentiated: ${because}.`);
  };
  if (index > 0) return refuse(`its output ${index} has no gradient`);
  if (typeof definition.gradient !== 'function') return refuse(definition.gradient.because);
  requireChecked(operation, definition);
  return definition.gradient;
}

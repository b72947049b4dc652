import type { Operation, Tensor } from '../tensor.ts';
import { reshape, slice } from './layout.ts';

const taps = new WeakMap<Tensor, Operation>();

/**
 * Makes a tensor's bits independent of who else reads it: run the result in every endpoint that computes the tensor.
 *
 * TensorFlow fuses an operation with the one behind it when that is its only reader, and fused kernels round
 * differently. A second reader, here of one element, keeps the tensor a tensor of its own. Tap every boundary up to
 * the last one that is computed, and every tensor in between that several operations read: a cut-off may take readers
 * away. BatchNorm behind a convolution is the fusion that was seen to change bits.
 *
 * A tensor has one tap, so that two passes over the same images may run in one endpoint.
 */
export function tap(x: Tensor): Operation {
  const known = taps.get(x);
  if (known !== undefined) return known;
  const { graph } = x;
  const origin = x.shape.map(() => 0);
  const element = slice(
    x,
    origin,
    x.shape.map(() => 1),
  );
  const operation = graph.assign(
    graph.variable(`tap/${x.operation.name}:${x.index}`, [], x.dtype),
    reshape(element, []),
  );
  taps.set(x, operation);
  return operation;
}

import { integers } from '../nn/integers.ts';
import { output } from '../nn/output.ts';
import type { Backward, Call } from '../op-definition.ts';
import { input, requireShape } from '../op-definition.ts';
import type { Shape, Tensor } from '../tensor.ts';
import { sameShape } from '../tensor.ts';

/** The common shape of all inputs from number `first` on: aligned at the last axis, sides of 1 repeated. */
export function broadcastShape(call: Call, first = 0): Shape {
  return call.inputs.slice(first).reduce<Shape>((shape, { shape: other }) => {
    const rank = Math.max(shape.length, other.length);
    return Array.from({ length: rank }, (_, axis) => {
      const left = shape[axis - rank + shape.length] ?? 1;
      const right = other[axis - rank + other.length] ?? 1;
      requireShape(left === right || left === 1 || right === 1, call, 'the shapes do not broadcast');
      return left === 1 ? right : left;
    });
  }, []);
}

/** The gradient of a tensor that was broadcast to the shape of `dy`: summed over the axes that were repeated. */
export function sumToShape(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const lead = dy.shape.length - shape.length;
  const repeated = dy.shape.flatMap((side, axis) =>
    axis < lead || (shape[axis - lead] === 1 && side > 1) ? [axis] : [],
  );
  const sum = output('Sum', [dy, integers(dy.graph, repeated)], { keep_dims: true });
  return reshapeTo(sum, shape);
}

export function reshapeTo(tensor: Tensor, shape: Shape): Tensor {
  if (sameShape(tensor.shape, shape)) return tensor;
  return output('Reshape', [tensor, integers(tensor.graph, shape)]);
}

/** A gradient rule of `f(a, b)` from the two derivatives, each multiplied by `dy` and not yet summed. */
export function broadcastGradient(
  left: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
  right: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
) {
  return ({ operation, dy }: Backward): readonly (() => Tensor)[] => {
    const [a, b] = [input(operation, 0), input(operation, 1)];
    const y = input({ inputs: operation.outputs }, 0);
    return [() => sumToShape(left(dy, a, b, y), a.shape), () => sumToShape(right(dy, a, b, y), b.shape)];
  };
}

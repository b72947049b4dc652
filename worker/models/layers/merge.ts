import { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import type { Shape, Tensor } from '../../graph/tensor.ts';
import { add, concat, maximum, minimum, multiply, subtract } from '../../graph/nn.ts';
import { orDefault } from './keras-values.ts';
import { defineLayer, describeShape } from './layer-definition.ts';

/** The common shape of inputs of one rank, in which a side of 1 stretches. */
function broadcastShape(inputs: readonly Shape[]): Shape {
  const [first = []] = inputs;
  return first.map((_, axis) => {
    const sides = inputs.map((shape) => shape[axis] ?? 0);
    const widest = Math.max(...sides);
    if (
      inputs.every((shape) => shape.length === first.length) &&
      sides.every((side) => side === 1 || side === widest)
    ) {
      return widest;
    }
    throw new InvalidInputError(
      'model/layer-input',
      `Its inputs do not fit together: ${inputs.map(describeShape).join(' and ')}.`,
    );
  });
}

function merge(pairwise: (left: Tensor, right: Tensor) => Tensor) {
  return defineLayer({
    config: z.object({}),
    arity: 'many',
    outputShape: (_config, inputs) => broadcastShape(inputs),
    emit: (_config, inputs) => inputs.reduce(pairwise),
  });
}

export const Add = merge(add);
export const Multiply = merge(multiply);
export const Maximum = merge(maximum);
export const Minimum = merge(minimum);

export const Subtract = defineLayer({
  ...merge(subtract),
  outputShape: (_config, inputs) => {
    if (inputs.length === 2) return broadcastShape(inputs);
    throw new InvalidInputError('model/layer-input', `It takes two inputs and has ${inputs.length}.`);
  },
});

export const Average = defineLayer({
  ...merge(add),
  emit: (_config, inputs) => {
    const sum = inputs.reduce(add);
    return multiply(sum, sum.graph.constant(1 / inputs.length));
  },
});

function axisWithinSample(axis: number, rank: number): number {
  const found = axis < 0 ? rank + axis : axis - 1;
  if (found >= 0 && found < rank) return found;
  throw new InvalidInputError(
    'model/layer-config',
    `Its axis ${axis} is outside of a sample of ${rank} axes.`,
  );
}

export const Concatenate = defineLayer({
  config: z.object({ axis: orDefault(z.int(), -1) }),
  arity: 'many',
  outputShape: ({ axis }, inputs) => {
    const [first = []] = inputs;
    const along = axisWithinSample(axis, first.length);
    const fits = (shape: Shape) =>
      shape.length === first.length && shape.every((side, each) => each === along || side === first[each]);
    if (!inputs.every(fits)) {
      throw new InvalidInputError(
        'model/layer-input',
        `Its inputs differ beside axis ${axis}: ${inputs.map(describeShape).join(' and ')}.`,
      );
    }
    return first.map((side, each) =>
      each === along ? inputs.reduce((sum, shape) => sum + (shape[along] ?? 0), 0) : side,
    );
  },
  emit: ({ axis }, inputs) => {
    const [first, ...others] = inputs;
    if (first === undefined) throw new InvalidInputError('model/layer-input', 'It has no input.');
    return concat([first, ...others], axisWithinSample(axis, first.shape.length - 1) + 1);
  },
});

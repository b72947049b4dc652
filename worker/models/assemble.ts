import { InvalidInputError } from '../../common/error.ts';
import { elementCount, type Shape } from '../graph/tensor.ts';
import { describeShape, type LayerDefinition, type WeightSpec } from './layers/layer-definition.ts';
import { layerTable, type LayerConfigs, type LayerKind } from './layers/layer-table.ts';
import type { Layer, LayerOf, Network, WeightTensor } from './network.ts';

/** A layer before its shapes are known. */
export type LayerSketch = {
  [Kind in LayerKind]: Pick<LayerOf<Kind>, 'name' | 'kind' | 'config' | 'inputs'>;
}[LayerKind];

export interface Blueprint {
  readonly name: string;
  /** In any order. */
  readonly layers: readonly LayerSketch[];
  readonly output: string;
  readonly weights: ReadonlyMap<string, WeightTensor>;
}

const maxLayers = 10_000;
/** TensorFlow indexes many kernels with 32-bit integers. */
const maxElements = 2 ** 31 - 1;

/**
 * Puts layers into order and works out every shape. Layers that do not lead to the output are left out.
 *
 * Throws `model/...` for a cycle, a missing or doubled name, a wrong number of inputs, or shapes that do not fit.
 */
export function assembleNetwork({ name, layers: sketches, output, weights }: Blueprint): Network {
  if (sketches.length > maxLayers) {
    throw new InvalidInputError(
      'model/too-many-layers',
      `The network has ${sketches.length} layers; at most ${maxLayers} work.`,
    );
  }
  const byName = new Map<string, LayerSketch>();
  for (const sketch of sketches) {
    if (byName.has(sketch.name)) {
      throw new InvalidInputError('model/duplicate-layer', `Two layers are called "${sketch.name}".`);
    }
    byName.set(sketch.name, sketch);
  }
  const needed = ancestors(byName, output);
  const ordered = inOrder(sketches.filter((sketch) => needed.has(sketch.name)));
  const inputs = ordered.filter((sketch) => sketch.kind === 'InputLayer');
  if (inputs.length !== 1 || inputs[0] === undefined) {
    const names = inputs.map((input) => `"${input.name}"`).join(', ') || 'none';
    throw new InvalidInputError(
      'model/inputs',
      `The network must have one input; it has ${inputs.length} (${names}).`,
    );
  }
  const shapes = new Map<string, Shape>();
  const placed = ordered.map((sketch) => {
    const layer = placeLayer(sketch, shapes);
    shapes.set(layer.name, layer.outputShape);
    return layer;
  });
  return { name, input: inputs[0].name, output, layers: placed, weights };
}

/** The definition of a layer's kind, typed for its config. */
export function definitionOf<Kind extends LayerKind>(kind: Kind): LayerDefinition<LayerConfigs[Kind]> {
  return layerTable[kind];
}

/** The weights that a layer needs, in Keras's order. */
export function weightSpecsOf<Kind extends LayerKind>(
  layer: Pick<LayerOf<Kind>, 'kind' | 'config'>,
  inputs: readonly Shape[],
): readonly WeightSpec[] {
  return definitionOf(layer.kind).weights(layer.config, inputs);
}

function placeLayer(sketch: LayerSketch, shapes: ReadonlyMap<string, Shape>): Layer {
  const inputs = sketch.inputs.map((input) => shapes.get(input) ?? []);
  try {
    const outputShape = outputShapeOf(sketch, inputs);
    const weights = weightSpecsOf<LayerKind>(sketch, inputs).map((spec) => `${sketch.name}/${spec.name}`);
    return { ...sketch, outputShape, weights };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { code, message, hint } = error;
    throw new InvalidInputError(code, message, {
      where: `layer "${sketch.name}" (${sketch.kind})`,
      hint,
      cause: error.cause,
    });
  }
}

function outputShapeOf<Kind extends LayerKind>(
  sketch: Pick<LayerOf<Kind>, 'kind' | 'config'>,
  inputs: readonly Shape[],
): Shape {
  const { arity, outputShape } = definitionOf(sketch.kind);
  const wanted = { none: inputs.length === 0, one: inputs.length === 1, many: inputs.length >= 2 };
  if (!wanted[arity]) {
    const words = { none: 'no input', one: 'one input', many: 'two inputs or more' };
    throw new InvalidInputError('model/layer-input', `It takes ${words[arity]} and has ${inputs.length}.`);
  }
  const shape = outputShape(sketch.config, inputs);
  if (shape.some((side) => !Number.isSafeInteger(side) || side < 1)) {
    throw new InvalidInputError(
      'model/layer-input',
      `Its output would be ${describeShape(shape)}: nothing is left.`,
    );
  }
  if (elementCount(shape) > maxElements) {
    throw new InvalidInputError(
      'model/too-large',
      `Its output of ${describeShape(shape)} has more than ${maxElements} elements.`,
    );
  }
  return shape;
}

function ancestors(byName: ReadonlyMap<string, LayerSketch>, output: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [{ name: output, reader: undefined as string | undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const sketch = byName.get(next.name);
    if (sketch === undefined) {
      const reader = next.reader === undefined ? 'The network ends in' : `The layer "${next.reader}" reads`;
      throw new InvalidInputError('model/unknown-layer', `${reader} "${next.name}", which does not exist.`);
    }
    if (found.has(sketch.name)) continue;
    found.add(sketch.name);
    waiting.push(...sketch.inputs.map((input) => ({ name: input, reader: sketch.name })));
  }
  return found;
}

/** Each layer after those that it reads, otherwise in the given order. */
function inOrder(sketches: readonly LayerSketch[]): readonly LayerSketch[] {
  const ordered: LayerSketch[] = [];
  const done = new Set<string>();
  let waiting = sketches;
  while (waiting.length > 0) {
    const blocked: LayerSketch[] = [];
    for (const sketch of waiting) {
      if (sketch.inputs.every((input) => done.has(input))) {
        ordered.push(sketch);
        done.add(sketch.name);
      } else {
        blocked.push(sketch);
      }
    }
    if (blocked.length === waiting.length) throw circularError(blocked);
    waiting = blocked;
  }
  return ordered;
}

/** Every blocked layer reads a blocked layer, so following those readings ends in the circle. */
function circularError(blocked: readonly LayerSketch[]): InvalidInputError {
  const byName = new Map(blocked.map((sketch) => [sketch.name, sketch]));
  const path: string[] = [];
  let name = blocked[0]?.name ?? '';
  while (!path.includes(name)) {
    path.push(name);
    name = byName.get(name)?.inputs.find((input) => byName.has(input)) ?? name;
  }
  const circle = [...path.slice(path.indexOf(name)), name].reverse();
  return new InvalidInputError(
    'model/cycle',
    `The layers ${circle.map((each) => `"${each}"`).join(' -> ')} form a circle.`,
  );
}

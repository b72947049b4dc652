import { InvalidInputError } from '../../common/error.ts';
import { sameShape } from '../graph/tensor.ts';
import { weightSpecsOf } from './assemble.ts';
import type { FlatLayer } from './flatten-model.ts';
import { describeShape, type WeightSpec } from './layers/layer-definition.ts';
import type { LayerKind } from './layers/layer-table.ts';
import { indexOf, inputShapesOf, layerOf, type Network, type WeightTensor } from './network.ts';

type Weights = ReadonlyMap<string, WeightTensor>;

/** Finds, checks and renames the weights of every layer. */
export function assignWeights(network: Network, layers: readonly FlatLayer[], stored: Weights): Weights {
  const bySuffix = indexBySuffix(stored);
  const assigned = new Map<string, WeightTensor>();
  for (const { sketch, path } of layers) {
    if (!indexOf(network).byName.has(sketch.name)) continue;
    const inputs = inputShapesOf(network, layerOf(network, sketch.name));
    for (const spec of weightSpecsOf<LayerKind>(sketch, inputs)) {
      const where = `layer "${sketch.name}" (${sketch.kind})`;
      const found = fromConfig(sketch, spec) ?? findWeight({ stored, bySuffix }, { path, spec, where });
      checkWeight(found, spec, where);
      assigned.set(`${sketch.name}/${spec.name}`, found);
    }
  }
  return assigned;
}

/** Weights by their name and by every end of it that begins after a slash. */
function indexBySuffix(stored: Weights): ReadonlyMap<string, readonly WeightTensor[]> {
  const index = new Map<string, WeightTensor[]>();
  for (const [name, weight] of stored) {
    const parts = name.replace(/:0$/, '').split('/');
    for (let start = 0; start < parts.length; start++) {
      const suffix = parts.slice(start).join('/');
      index.set(suffix, [...(index.get(suffix) ?? []), weight]);
    }
  }
  return index;
}

interface StoredWeights {
  readonly stored: Weights;
  readonly bySuffix: ReadonlyMap<string, readonly WeightTensor[]>;
}

interface Wanted {
  readonly path: readonly string[];
  readonly spec: WeightSpec;
  readonly where: string;
}

/** Stored as `layer/weight`, with the names of models around it in front or not. */
function findWeight({ stored, bySuffix }: StoredWeights, { path, spec, where }: Wanted): WeightTensor {
  const keys = [spec.name, ...(spec.alsoKnownAs ?? [])].flatMap((weight) =>
    path.map((_, start) => [...path.slice(start), weight].join('/')),
  );
  for (const key of keys) {
    const [candidate, ...others] = bySuffix.get(key) ?? [];
    const found = stored.get(key) ?? (others.length === 0 ? candidate : undefined);
    if (found !== undefined) return found;
  }
  if (keys.some((key) => bySuffix.has(key))) {
    throw new InvalidInputError(
      'model/ambiguous-weight',
      `Several stored weights could be its "${spec.name}".`,
      { where },
    );
  }
  throw new InvalidInputError(
    'model/missing-weight',
    `Its weight "${spec.name}" is not among the stored weights.`,
    { where },
  );
}

function checkWeight(weight: WeightTensor, spec: WeightSpec, where: string): void {
  if (!sameShape(weight.shape, spec.shape)) {
    throw new InvalidInputError(
      'model/weight-shape',
      `Its weight "${spec.name}" must be ${describeShape(spec.shape)} and is ${describeShape(weight.shape)}.`,
      { where },
    );
  }
  if (!weight.values.every(Number.isFinite)) {
    throw new InvalidInputError(
      'model/weight-not-finite',
      `Its weight "${spec.name}" holds NaN or infinite values.`,
      { where },
    );
  }
}

/** A Normalization may carry its statistics in the config. */
function fromConfig(sketch: FlatLayer['sketch'], spec: WeightSpec): WeightTensor | undefined {
  if (sketch.kind !== 'Normalization') return undefined;
  const given = spec.name === 'mean' ? sketch.config.mean : sketch.config.variance;
  if (given == null) return undefined;
  const values =
    typeof given === 'number' ? new Float32Array(spec.shape[0] ?? 1).fill(given) : Float32Array.from(given);
  return { shape: [values.length], values };
}

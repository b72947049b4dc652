import { randomStream } from '../../common/random.ts';
import { elementCount } from '../graph/tensor.ts';
import { weightSpecsOf } from './assemble.ts';
import { layersOfBlock, type Block } from './block.ts';
import { costOf, type Cost } from './cost.ts';
import { invertedResidual } from './inverted-residual.ts';
import type { WeightSpec } from './layers/layer-definition.ts';
import type { LayerKind } from './layers/layer-table.ts';
import { inputShapesOf, type Layer, type Network, type WeightTensor } from './network.ts';
import { residualStage } from './residual-stage.ts';
import { separablePair } from './separable-pair.ts';
import { isSpatialConvolution, unitCount } from './stage-blocks.ts';

/** What takes the place of a block; the fields of `spec.replacement.candidates[]`. */
export interface ReplacementOptions {
  /** Separable convolutions for one convolution. Default 2, as in arXiv 2012.03096. */
  readonly repeats?: number | undefined;
  /** For a block of several units: the share of units that it keeps, rounded up. Default 0.5. */
  readonly unitRatio?: number | undefined;
  /** BatchNorm after each separable convolution. Default true; without it the convolutions have a bias. */
  readonly batchNorm?: boolean | undefined;
}

export interface Replacement {
  /** With an InputLayer of the boundary's shape; without weights, see `initialWeights`. */
  readonly network: Network;
  readonly cost: Cost;
}

/**
 * The cheaper network that takes a block's place. One convolution becomes separable ones (`SeparablePair`); a block of
 * inverted residuals a shallower, narrower one of its kind; any other block of several units a residual stage with as
 * many separable convolutions a unit as the block has wide ones, at most `repeats`.
 *
 * Throws `model/no-replacement` with the reason when the block's output cannot be made from its input.
 */
export function replacementFor(
  teacher: Network,
  block: Block,
  options: ReplacementOptions = {},
): Replacement {
  const { repeats = 2, unitRatio = 0.5, batchNorm = true } = options;
  const layers = layersOfBlock(teacher, block);
  const units = Math.max(1, Math.ceil(unitCount(layers) * unitRatio));
  const convolutions = layers.filter((layer) => layer.kind === 'Conv2D' || layer.kind === 'DepthwiseConv2D');
  let network: Network;
  if (convolutions.length === 1) network = separablePair(block, layers, { repeats, batchNorm });
  else if (isInvertedResidual(layers)) network = invertedResidual(block, layers, { units });
  else
    network = residualStage(block, layers, {
      units,
      repeats: Math.min(repeats, convolutionsPerUnit(layers)),
      batchNorm,
    });
  return { network, cost: costOf(network) };
}

/** A bottleneck has one wide convolution, a basic residual unit two. */
function convolutionsPerUnit(layers: readonly Layer[]): number {
  return Math.max(1, Math.round(layers.filter(isSpatialConvolution).length / Math.max(1, unitCount(layers))));
}

/** Wide depthwise convolutions between narrow pointwise ones (MobileNetV2, EfficientNet), not MobileNetV1. */
function isInvertedResidual(layers: readonly Layer[]): boolean {
  const widest = Math.max(
    0,
    ...layers.flatMap((layer) => (layer.kind === 'DepthwiseConv2D' ? layer.outputShape.slice(2) : [])),
  );
  return widest > (layers.at(-1)?.outputShape[2] ?? 0);
}

/**
 * Fresh weights of a replacement: He-normal kernels (arXiv 1502.01852), identity BatchNorm, zero biases. They depend on
 * the seed and the block's name alone.
 */
export function initialWeights(
  network: Network,
  seed: number | string,
  blockName: string,
): ReadonlyMap<string, WeightTensor> {
  const weights = new Map<string, WeightTensor>();
  for (const layer of network.layers) {
    for (const spec of specsOf(network, layer)) {
      const name = `${layer.name}/${spec.name}`;
      weights.set(name, {
        shape: spec.shape,
        values: initialValues(spec, [seed, 'weights', blockName, name]),
      });
    }
  }
  return weights;
}

function specsOf(network: Network, layer: Layer): readonly WeightSpec[] {
  return weightSpecsOf<LayerKind>(layer, inputShapesOf(network, layer));
}

function initialValues(spec: WeightSpec, key: readonly (string | number)[]): Float32Array {
  const values = new Float32Array(elementCount(spec.shape));
  if (spec.initial === 'Ones') return values.fill(1);
  if (spec.initial === 'Zeros') return values;
  const stream = randomStream(...key);
  const deviation = Math.sqrt(2 / (spec.fanIn ?? 1));
  return values.map(() => stream.normal() * deviation);
}

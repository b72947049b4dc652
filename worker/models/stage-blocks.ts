import { sameShape, type Shape } from '../graph/tensor.ts';
import { blockBetween, type Block } from './block.ts';
import type { Layer, Network } from './network.ts';
import { layersBetween, singleTensorCuts } from './region.ts';

/** Layers up to a single-tensor cut, all cuts within of one shape. */
interface Run {
  readonly layers: readonly Layer[];
  /** Where it ends: its output shape is the run's. */
  readonly last: Layer;
}

/**
 * The blocks of strategy `Stages`: maximal runs between single-tensor cuts at which resolution or channels change.
 *
 * Not every change ends a stage: padding belongs to the convolution behind it, a depthwise convolution to the pointwise
 * one behind it, an expansion to the inverted residual that narrows it again, and the growing concatenations of a
 * DenseNet to each other. Runs without a convolution wider than 1x1 are no candidates.
 */
export function stageBlocks(network: Network): readonly Block[] {
  const stages = mergedRuns(runsOf(network));
  let from = network.input;
  let count = 0;
  const blocks: Block[] = [];
  for (const { layers, last } of stages) {
    if (layers.some(isSpatialConvolution)) {
      count += 1;
      blocks.push(blockBetween(network, `stage${count}`, { from, to: last.name }));
    }
    from = last.name;
  }
  return blocks;
}

function runsOf(network: Network): readonly Run[] {
  const cuts = singleTensorCuts(network);
  const afterImages = cuts.findIndex((cut) => !isImage(cut.outputShape));
  const runs: Run[] = [];
  let from = network.input;
  for (const cut of cuts.slice(0, afterImages < 0 ? cuts.length : afterImages)) {
    if (cut.kind === 'InputLayer') continue;
    const layers = layersBetween(network, from, cut.name);
    const previous = runs.at(-1);
    const continues =
      previous !== undefined &&
      (sameShape(previous.last.outputShape, cut.outputShape) || isDenseUnit(cut, from, previous));
    if (continues) runs[runs.length - 1] = join(previous, { layers, last: cut });
    else runs.push({ layers, last: cut });
    from = cut.name;
  }
  return runs;
}

/** A Concatenate that keeps the tensor at the start of its unit and adds to it. */
function isDenseUnit(cut: Layer, from: string, previous: Run): boolean {
  return (
    cut.kind === 'Concatenate' &&
    cut.inputs.includes(from) &&
    previous.layers.some((layer) => layer.kind === 'Concatenate')
  );
}

function join(first: Run, second: Run): Run {
  return { layers: [...first.layers, ...second.layers], last: second.last };
}

function mergedRuns(runs: readonly Run[]): readonly Run[] {
  const merged: Run[] = [];
  let open: Run | undefined;
  runs.forEach((run, at) => {
    const whole = open === undefined ? run : join(open, run);
    if (belongsToNext(whole, runs.slice(at + 1))) {
      open = whole;
    } else {
      merged.push(whole);
      open = undefined;
    }
  });
  return open === undefined ? merged : [...merged, open];
}

function belongsToNext(run: Run, later: readonly Run[]): boolean {
  if (later.length === 0) return false;
  const weighted = run.layers.filter(
    (layer) => layer.weights.length > 0 && layer.kind !== 'BatchNormalization',
  );
  const [first] = weighted;
  if (first === undefined) return run.last.kind === 'ZeroPadding2D';
  if (first.kind === 'DepthwiseConv2D' && !weighted.some((layer) => mixesAt(layer, run))) return true;
  return isExpansion(run, later);
}

/** A convolution whose output has the run's resolution: squeeze-and-excite works on `[1, 1, channels]`. */
function mixesAt(layer: Layer, run: Run): boolean {
  return (
    layer.kind !== 'DepthwiseConv2D' &&
    sameShape(resolution(layer.outputShape), resolution(run.last.outputShape))
  );
}

/** An expansion is followed by a depthwise convolution, if it does not hold it, and then by fewer channels. */
function isExpansion(run: Run, later: readonly Run[]): boolean {
  const between: Layer[] = [...run.layers];
  for (const next of later) {
    if (channels(next) < channels(run)) return between.some((layer) => layer.kind === 'DepthwiseConv2D');
    const [firstWeighted] = next.layers.filter((layer) => layer.weights.length > 0);
    if (firstWeighted !== undefined && firstWeighted.kind !== 'DepthwiseConv2D') return false;
    between.push(...next.layers);
  }
  return false;
}

/** More than one pixel. */
function isImage(shape: Shape): boolean {
  return shape.length === 3 && (shape[0] ?? 0) * (shape[1] ?? 0) > 1;
}

function channels({ last }: Run): number {
  return last.outputShape[2] ?? 0;
}

function resolution(shape: Shape): Shape {
  return shape.slice(0, 2);
}

/** A convolution that looks beyond one pixel. */
export function isSpatialConvolution(layer: Layer): boolean {
  return 'kernelSize' in layer.config && Math.max(...layer.config.kernelSize) > 1;
}

/** How many units a stage repeats: inverted residuals, residual units, branching units, or plain convolutions. */
export function unitCount(layers: readonly Layer[]): number {
  const count = (kind: Layer['kind']) => layers.filter((layer) => layer.kind === kind).length;
  return (
    count('DepthwiseConv2D') ||
    count('Add') ||
    count('Concatenate') ||
    layers.filter(isSpatialConvolution).length
  );
}

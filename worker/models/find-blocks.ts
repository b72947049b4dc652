import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { blockBetween, isSoftmax, layersOfBlock, type Block } from './block.ts';
import { convolutionBlocks } from './convolution-blocks.ts';
import { costOf, isCheaper, type Cost } from './cost.ts';
import { layerOf, type Network } from './network.ts';
import { replacementFor, type Replacement, type ReplacementOptions } from './replacement.ts';
import { stageBlocks } from './stage-blocks.ts';

/** `spec.partition` of a DistillationJob. */
export interface Partition {
  readonly strategy: 'Convolutions' | 'Stages' | 'Explicit';
  /** Of strategy `Explicit`: first and last layer of each block, both in it. */
  readonly blocks?: readonly { readonly name: string; readonly from: string; readonly to: string }[];
}

export interface ReplaceableBlock {
  readonly block: Block;
  /** Of the teacher's layers. */
  readonly cost: Cost;
  readonly replacement: Replacement;
}

/** A candidate that stays the teacher's. */
export interface KeptBlock {
  readonly name: string;
  readonly layers: readonly string[];
  /** A sentence. */
  readonly reason: string;
}

export interface FoundBlocks {
  /** In the network's order, at most 128. */
  readonly blocks: readonly ReplaceableBlock[];
  /** In the network's order too. */
  readonly kept: readonly KeptBlock[];
  /** The names of all of them together in the network's order. */
  readonly candidates: readonly string[];
}

const maxBlocks = 128;

/**
 * The blocks of a network that can be replaced by something cheaper, and the candidates that cannot, with the reason.
 *
 * Throws `model/no-blocks` listing every candidate when nothing can be replaced, and `model/not-a-region`,
 * `model/overlapping-blocks` or `model/unknown-layer` for explicit blocks that are none.
 */
export function findBlocks(
  network: Network,
  partition: Partition,
  options: ReplacementOptions = {},
): FoundBlocks {
  const candidates = candidatesOf(network, partition);
  const replaceable: ReplaceableBlock[] = [];
  const kept: KeptBlock[] = [];
  for (const block of candidates) {
    const cost = costOf(network, layersOfBlock(network, block));
    const outcome = tryReplacement(network, { block, cost }, options);
    if (typeof outcome === 'string') kept.push({ name: block.name, layers: block.layers, reason: outcome });
    else replaceable.push({ block, cost, replacement: outcome });
  }
  if (replaceable.length === 0) throw noBlocksError(network, partition, kept);
  const chosen = costliest(replaceable);
  const surplus = replaceable
    .filter((each) => !chosen.has(each))
    .map(({ block }) => ({
      name: block.name,
      layers: block.layers,
      reason: `Only the ${maxBlocks} blocks with the most multiplications are replaced.`,
    }));
  const names = candidates.map(({ name }) => name);
  return {
    blocks: replaceable.filter((each) => chosen.has(each)),
    kept: [...kept, ...surplus].toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name)),
    candidates: names,
  };
}

function candidatesOf(network: Network, partition: Partition): readonly Block[] {
  switch (partition.strategy) {
    case 'Convolutions':
      return convolutionBlocks(network);
    case 'Stages':
      return stageBlocks(network);
    case 'Explicit':
      return explicitBlocks(network, partition.blocks ?? []);
  }
}

function explicitBlocks(network: Network, listed: NonNullable<Partition['blocks']>): readonly Block[] {
  const owners = new Map<string, string>();
  const blocks = listed.map(({ name, from, to }) => {
    const [boundary, ...others] = layerOf(network, from).inputs;
    if (boundary === undefined || others.length > 0) {
      throw new InvalidInputError(
        'model/not-a-region',
        `The block "${name}" cannot start at "${from}", which has ${others.length === 0 ? 'no input' : 'several inputs'}.`,
        {
          hint: 'Start at a layer that reads one tensor.',
        },
      );
    }
    const block = placed(name, () => blockBetween(network, name, { from: boundary, to }));
    if (!block.layers.includes(from)) {
      throw new InvalidInputError('model/not-a-region', `The layer "${to}" does not depend on "${from}".`, {
        where: `block "${name}"`,
      });
    }
    for (const layer of block.layers) {
      const owner = owners.get(layer);
      if (owner !== undefined) {
        throw new InvalidInputError(
          'model/overlapping-blocks',
          `The blocks "${owner}" and "${name}" both hold the layer "${layer}".`,
        );
      }
      owners.set(layer, name);
    }
    return block;
  });
  const order = new Map(network.layers.map((layer, position) => [layer.name, position]));
  return blocks.sort((a, b) => (order.get(a.outputBoundary) ?? 0) - (order.get(b.outputBoundary) ?? 0));
}

function placed<Result>(block: string, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { code, message, hint } = error;
    throw new InvalidInputError(code, message, { where: `block "${block}"`, hint });
  }
}

/** The replacement, or the reason why there is none. */
function tryReplacement(
  network: Network,
  { block, cost }: { block: Block; cost: Cost },
  options: ReplacementOptions,
): Replacement | string {
  if (isSoftmax(block.ends)) return 'It ends in a softmax, whose probabilities are no target for imitation.';
  try {
    const replacement = replacementFor(network, block, options);
    return isCheaper(replacement.cost, cost) ? replacement : notCheaper(replacement.cost, cost);
  } catch (error) {
    if (error instanceof BlockstillError) return error.message;
    throw error;
  }
}

function notCheaper(replacement: Cost, block: Cost): string {
  const [before, after] = [block, replacement].map(
    ({ parameters, macs }) =>
      `${parameters.toLocaleString('en-US')} parameters and ${macs.toLocaleString('en-US')} MACs`,
  );
  return `The replacement is not cheaper: it has ${after}, the block ${before}.`;
}

function costliest(blocks: readonly ReplaceableBlock[]): ReadonlySet<ReplaceableBlock> {
  return new Set([...blocks].sort((a, b) => b.cost.macs - a.cost.macs).slice(0, maxBlocks));
}

function noBlocksError(
  network: Network,
  partition: Partition,
  kept: readonly KeptBlock[],
): InvalidInputError {
  const message = `No block of the network "${network.name}" can be replaced with strategy ${partition.strategy}.`;
  const hint =
    kept.length === 0
      ? 'It holds no candidate: Convolutions looks for 3x3 Conv2D layers, Stages for runs of convolutions.'
      : `Candidates:\n${kept.map(({ name, reason }) => `- ${name}: ${reason}`).join('\n')}`;
  const advice =
    partition.strategy === 'Convolutions'
      ? '\nA network of depthwise convolutions may have blocks with spec.partition.strategy Stages.'
      : '';
  return new InvalidInputError('model/no-blocks', message, { hint: `${hint}${advice}` });
}

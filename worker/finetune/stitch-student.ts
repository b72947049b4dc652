import { posix } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { digestOfFile } from '../../common/digest.ts';
import { unitResultSchema, type BlockResult } from '../contract/unit-result.ts';
import { readVerified } from '../exchange/attempt.ts';
import { readSafetensors } from '../exchange/safetensors.ts';
import type { Network, WeightTensor } from '../models/network.ts';
import { stitch } from '../models/stitch.ts';
import type { PlannedInputs } from '../teacher/open-plan.ts';
import { replacementOf } from '../teacher/replacement-of.ts';
import type { WorkContext } from '../work-context.ts';

/** A distilled block: its result, and the replacement with its trained weights when there is one. */
export interface DistilledBlock {
  readonly result: BlockResult;
  readonly replacement: Network | undefined;
}

/**
 * Reads the committed results of all units and the weights that they name, every digest checked.
 *
 * @throws BlockstillError `storage/changed` when a file is not the one that was committed.
 */
export async function readDistilledBlocks(
  context: WorkContext,
  inputs: PlannedInputs,
): Promise<Map<string, DistilledBlock>> {
  const blocks = new Map<string, DistilledBlock>();
  for (const reference of context.spec.results ?? []) {
    context.signal.throwIfAborted();
    const path = await context.exchange.fetch(reference.path, reference.digest);
    const result = unitResultSchema.parse(
      JSON.parse((await readVerified(path, reference.digest)).toString('utf8')),
    );
    if (result.stage !== 'Distill' || result.planDigest !== inputs.planDigest) {
      throw new BlockstillError('storage/changed', 'The result belongs to another plan.', { where: path });
    }
    for (const block of result.blocks) {
      blocks.set(block.name, {
        result: block,
        replacement: await trainedReplacement(context, inputs, {
          block,
          folder: posix.dirname(reference.path),
        }),
      });
    }
  }
  return blocks;
}

async function trainedReplacement(
  context: WorkContext,
  { plan, teacher }: PlannedInputs,
  { block, folder }: { block: BlockResult; folder: string },
): Promise<Network | undefined> {
  const planned = plan.blocks.find((each) => each.name === block.name);
  if (block.weights === null || planned === undefined) return undefined;
  const path = await context.exchange.fetch(posix.join(folder, block.weights.path), block.weights.digest);
  if ((await digestOfFile(path)) !== block.weights.digest) {
    throw new BlockstillError('storage/changed', 'The weights are not those that the unit committed.', {
      where: path,
      hint: "Something wrote into the exchange. Remove the unit's folder, and it is trained again.",
    });
  }
  const { tensors } = await readSafetensors(path);
  const weights = new Map<string, WeightTensor>();
  for (const [name, { shape, values }] of tensors) {
    if (values instanceof Float32Array) weights.set(name, { shape, values });
  }
  return { ...replacementOf(teacher, planned, context.spec.spec), weights };
}

/** The teacher with the named blocks' replacements in it. */
export function stitchStudent(
  { plan, teacher }: PlannedInputs,
  blocks: ReadonlyMap<string, DistilledBlock>,
  replaced: readonly string[],
): Network {
  const parts = plan.blocks.flatMap((planned) => {
    const network = blocks.get(planned.name)?.replacement;
    if (network === undefined || !replaced.includes(planned.name)) return [];
    const block = {
      name: planned.name,
      layers: planned.layers,
      inputBoundary: planned.input,
      outputBoundary: planned.output,
    };
    return [{ block, network }];
  });
  return stitch(teacher, parts);
}

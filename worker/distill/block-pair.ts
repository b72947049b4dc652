import type { Pair } from '../evaluate/time-pair.ts';
import type { Session, Values } from '../graph/session.ts';
import { elementCount } from '../graph/tensor.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import type { Network } from '../models/network.ts';
import { layersBetween } from '../models/region.ts';
import { teacherPrefix } from '../teacher/teacher-pass.ts';
import { blockPrefix } from './block-graph.ts';
import type { BlockTraining } from './block-training.ts';
import { bufferName } from './buffers.ts';
import { committedWeights } from './committed-weights.ts';

export interface BlockPairOptions {
  readonly teacher: Network;
  /** Has the batch that the unit read last, which is repeated or cut to `batchSize`. */
  readonly session: Pick<Session, 'get'>;
  readonly batchSize: number;
}

/** A block's layers in the teacher, and the replacement as it will be stitched, on what the block reads. */
export function blockPair(block: BlockTraining, { teacher, session, batchSize }: BlockPairOptions): Pair {
  const { replacement, block: planned } = block.graph;
  const { name, input: from, output: to, inputShape } = planned;
  const prefix = blockPrefix(name);
  const weights = new Map<string, Values>(
    variableValues(teacher, teacherPrefix, layersBetween(teacher, from, to)),
  );
  for (const [weight, { values }] of committedWeights(block)) weights.set(`${prefix}${weight}`, values);
  const buffer = bufferName(from);
  const batch = session.get([buffer]).get(buffer) ?? new Float32Array();
  const shape = [batchSize, ...inputShape];
  const mode = 'inference';
  return {
    weights,
    input: {
      shape,
      values: Float32Array.from({ length: elementCount(shape) }, (_, index) => batch[index % batch.length]!),
    },
    teacher: (input) => emitNetwork(teacher, { input, from, to, mode, prefix: teacherPrefix }).output,
    student: (input) => emitNetwork(replacement, { input, mode, prefix }).output,
  };
}

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { BlockstillError } from '../../common/error.ts';
import { fromWire, toWire } from './message-wire.ts';
import type { Trimmed } from './trimmed.ts';
import {
  baselineFactsSchema,
  distillFactsSchema,
  finetuneFactsSchema,
  planFactsSchema,
  prepareFactsSchema,
  profileFactsSchema,
} from './unit-facts.ts';
import { referenceSchema } from './unit-spec.ts';

/** What a worker in a pod says when it has committed: enough to go on from, with the digest of the whole result. */
export const unitMessageSchema = z.discriminatedUnion('stage', [
  z.object({
    stage: z.literal('Prepare'),
    facts: prepareFactsSchema,
    /** The committed `result.json`, its path relative to the exchange folder. */
    reference: referenceSchema,
    plan: planFactsSchema,
    profile: profileFactsSchema,
  }),
  z.object({ stage: z.literal('Baseline'), facts: baselineFactsSchema, reference: referenceSchema }),
  z.object({ stage: z.literal('Distill'), facts: distillFactsSchema, reference: referenceSchema }),
  z.object({ stage: z.literal('Finetune'), facts: finetuneFactsSchema, reference: referenceSchema }),
]);
export type UnitMessage = z.infer<typeof unitMessageSchema>;

/**
 * The longest message: Kubernetes keeps 4,096 bytes of what a container writes to its termination log, and cuts off the
 * rest without a word.
 */
const longestMessage = 3500;

/** The version of the encoding. */
const mark = 'blockstill-1:';

/** Whoever sends more than this is no worker of ours. */
const longestContent = 1024 * 1024;

/**
 * The termination message of a committed unit: deflated JSON as base64. Figures keep five significant digits, or fewer
 * where there are too many. Names of blocks are in prepare's message alone: later ones have blocks in the order that their
 * reader knows.
 *
 * Of a plan that is too long, texts about what is not worked on go first; of a result, digits and the time of
 * inference.
 *
 * @throws BlockstillError `unit/message-too-long`
 */
export function encodeUnitMessage(message: UnitMessage): string {
  const trimmings: readonly Trimmed[] = [
    {},
    { reasons: 60 },
    { reasons: 0 },
    { reasons: 0, kept: 32 },
    { reasons: 0, kept: 0 },
    { reasons: 0, kept: 0, layers: false },
    { reasons: 0, kept: 0, layers: false, digits: 4 },
    { reasons: 0, kept: 0, layers: false, digits: 4, latency: false },
    { reasons: 0, kept: 0, layers: false, digits: 3, latency: false },
  ];
  for (const trimmed of trimmings) {
    const content = Buffer.from(JSON.stringify(toWire(message, trimmed)));
    const text = `${mark}${deflateRawSync(content, { level: 9 }).toString('base64')}`;
    if (text.length <= longestMessage) return text;
  }
  throw new BlockstillError(
    'unit/message-too-long',
    `What the unit has to say does not fit into a pod's termination message (${longestMessage} bytes).`,
    {
      hint: 'The names of the blocks are too long for their number: name them in spec.partition.blocks, or have fewer of them.',
    },
  );
}

/**
 * Reads a message again.
 *
 * @param blocks the names of the unit's blocks, for Finetune of all blocks of the plan, in order; unused for Prepare and Baseline
 * @returns undefined for any text that is not a whole message of a worker, such as the last words of one that failed
 */
export function decodeUnitMessage(text: string, blocks: readonly string[]): UnitMessage | undefined {
  if (!text.startsWith(mark)) return undefined;
  try {
    const content = inflateRawSync(Buffer.from(text.slice(mark.length), 'base64'), {
      maxOutputLength: longestContent,
    });
    return unitMessageSchema.parse(fromWire(JSON.parse(content.toString('utf8')), blocks));
  } catch {
    return undefined;
  }
}

/** Whether a text is meant as a message of this kind, though it may be damaged. */
export function isUnitMessage(text: string): boolean {
  return text.startsWith(mark);
}

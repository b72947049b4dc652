import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type * as z from 'zod';
import { canonicalJson, type Digest } from '../../common/digest.ts';
import { readSafetensors, writeSafetensors, type NamedTensor } from './safetensors.ts';

/** What an interrupted attempt leaves for the next: a small document and the tensors of the session. */
export interface Checkpoint<State> {
  readonly state: State;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

const fileName = 'checkpoint.safetensors';

/** Replaces the attempt's checkpoint; a reader sees the old one or the new one. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint<unknown>): Promise<void> {
  await writeSafetensors(join(folder, fileName), {
    tensors: checkpoint.tensors,
    metadata: { blockstill: canonicalJson(checkpoint.state), digest: digestOf(checkpoint) },
  });
}

/**
 * The furthest checkpoint among the attempts' folders, by the rising number `sequence` in the state. One that is
 * damaged, of another version, or does not `belong` is passed over: that costs time and no bits.
 */
export async function findCheckpoint<State extends { sequence: number }>(
  folders: readonly string[],
  schema: z.ZodType<State>,
  belongs: (state: State) => boolean,
): Promise<Checkpoint<State> | undefined> {
  let furthest: Checkpoint<State> | undefined;
  for (const folder of folders) {
    const found = await readCheckpoint(folder, schema);
    if (found === undefined || !belongs(found.state)) continue;
    if (furthest === undefined || found.state.sequence > furthest.state.sequence) furthest = found;
  }
  return furthest;
}

async function readCheckpoint<State>(
  folder: string,
  schema: z.ZodType<State>,
): Promise<Checkpoint<State> | undefined> {
  try {
    const { tensors, metadata } = await readSafetensors(join(folder, fileName));
    const document: unknown = JSON.parse(metadata['blockstill'] ?? '');
    if (metadata['digest'] !== digestOf({ state: document, tensors })) return undefined;
    return { state: schema.parse(document), tensors };
  } catch {
    return undefined;
  }
}

function digestOf(checkpoint: Checkpoint<unknown>): Digest {
  const hash = createHash('sha256').update(canonicalJson(checkpoint.state));
  for (const name of [...checkpoint.tensors.keys()].sort()) {
    hash.update(name).update((checkpoint.tensors.get(name) as NamedTensor).values);
  }
  return `sha256:${hash.digest('hex')}`;
}

import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { canonicalJson, type Digest } from '../../common/digest.ts';
import { readMetadata, readSafetensors, writeSafetensors, type NamedTensor } from './safetensors.ts';

/** What an interrupted attempt leaves for the next: a small document and the tensors of the session. */
export interface Checkpoint<State> {
  readonly state: State;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
}

export const checkpointFile = 'checkpoint.safetensors';

/** Replaces a checkpoint; a reader sees the old one or the new one. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint<unknown>): Promise<void> {
  await writeSafetensors(path, {
    tensors: checkpoint.tensors,
    metadata: { blockstill: canonicalJson(checkpoint.state), digest: digestOf(checkpoint) },
  });
}

/** An attempt's checkpoint, which may be far away, be damaged, or not exist. */
export interface CheckpointSource {
  readStart(bytes: number): Promise<Buffer | undefined>;
  /** Brings the whole file here: its path. */
  find(): Promise<string | undefined>;
}

/**
 * The furthest checkpoint among those of several attempts, by the rising number `sequence` in the state. One that is
 * damaged, of another version, or does not `belong` is passed over: that costs time and no bits. The states are looked at
 * first, so that of large checkpoints that are far away only one has to travel.
 */
export async function findCheckpoint<State extends { sequence: number }>(
  sources: readonly CheckpointSource[],
  schema: z.ZodType<State>,
  belongs: (state: State) => boolean,
): Promise<Checkpoint<State> | undefined> {
  const candidates: { sequence: number; source: CheckpointSource }[] = [];
  for (const source of sources) {
    const state = stateIn(await readMetadata((bytes) => source.readStart(bytes)), schema);
    if (state !== undefined && belongs(state)) candidates.push({ sequence: state.sequence, source });
  }
  candidates.sort((a, b) => b.sequence - a.sequence);
  for (const { source } of candidates) {
    const path = await source.find();
    const found = path === undefined ? undefined : await readCheckpoint(path, schema);
    // Its attempt may have replaced it since, but only by one of its own.
    if (found !== undefined && belongs(found.state)) return found;
  }
  return undefined;
}

function stateIn<State>(
  metadata: Readonly<Record<string, string>> | undefined,
  schema: z.ZodType<State>,
): State | undefined {
  try {
    return schema.parse(JSON.parse(metadata?.['blockstill'] ?? ''));
  } catch {
    return undefined;
  }
}

async function readCheckpoint<State>(
  path: string,
  schema: z.ZodType<State>,
): Promise<Checkpoint<State> | undefined> {
  try {
    const { tensors, metadata } = await readSafetensors(path);
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

import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { canonicalJson, type Digest } from '../../common/digest.ts';
import type { EnergyReadings } from '../contract/energy-reading.ts';
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

/** What is looked for among the checkpoints of several attempts. */
export interface CheckpointSearch<State> {
  readonly schema: z.ZodType<State>;
  /** Whether a checkpoint is of this very work: one that is not says nothing about it. */
  belongs(state: State): boolean;
  /** Whether this attempt may go on from one that belongs: not on another platform, where other bits would come of it. */
  fits(state: State): boolean;
}

/** What earlier attempts have left. */
export interface EarlierWork<State> {
  /** The furthest checkpoint that fits, by the rising number `sequence`; undefined where the work begins anew. */
  readonly checkpoint: Checkpoint<State> | undefined;
  /**
   * What the attempts so far have drawn, by the checkpoint that belongs and covers the most of their time: that energy went
   * into this work, whether or not it is gone on from there. Several may hold the same joules, so they are never added up.
   * Undefined where no checkpoint belongs, or none is intact: nothing is known then.
   */
  readonly energy: EnergyReadings | undefined;
}

/**
 * Searches the checkpoints of several attempts. One that is damaged, of another version, or does not `belong` is passed over:
 * that costs time and no bits. The states are looked at first, so that of large checkpoints that are far away only one has to
 * travel, or two where one that doesn't fit knows more of the energy.
 */
export async function findEarlierWork<State extends { sequence: number; energy: EnergyReadings }>(
  sources: readonly CheckpointSource[],
  search: CheckpointSearch<State>,
): Promise<EarlierWork<State>> {
  const { schema, belongs, fits } = search;
  const candidates: Candidate<State>[] = [];
  for (const source of sources) {
    const state = stateIn(await readMetadata((bytes) => source.readStart(bytes)), schema);
    if (state !== undefined && belongs(state)) candidates.push({ state, source });
  }
  const fitting = candidates.filter(({ state }) => fits(state));
  fitting.sort((a, b) => b.state.sequence - a.state.sequence);
  // An attempt may have replaced its checkpoint since, but only by one of its own.
  const checkpoint = await firstIntact(fitting, {
    ...search,
    belongs: (state) => belongs(state) && fits(state),
  });
  const own = checkpoint?.state.energy;
  const fuller = candidates.filter(({ state }) => own === undefined || compareCover(state.energy, own) > 0);
  fuller.sort((a, b) => compareCover(b.state.energy, a.state.energy));
  return { checkpoint, energy: (await firstIntact(fuller, search))?.state.energy ?? own };
}

interface Candidate<State> {
  readonly state: State;
  readonly source: CheckpointSource;
}

async function firstIntact<State>(
  candidates: readonly Candidate<State>[],
  { schema, belongs }: Pick<CheckpointSearch<State>, 'schema' | 'belongs'>,
): Promise<Checkpoint<State> | undefined> {
  for (const { source } of candidates) {
    const path = await source.find();
    const found = path === undefined ? undefined : await readCheckpoint(path, schema);
    if (found !== undefined && belongs(found.state)) return found;
  }
  return undefined;
}

/** Positive where one covers more of the attempts' time, or as much of it with a device more, which was not metered then. */
function compareCover(one: EnergyReadings, other: EnergyReadings): number {
  const secondsOf = (readings: EnergyReadings): number =>
    readings.reduce((total, { seconds }) => total + seconds, 0);
  return secondsOf(one) - secondsOf(other) || one.length - other.length;
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

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { energyReadingsSchema, type EnergyReading } from '../contract/energy-reading.ts';
import { findEarlierWork, writeCheckpoint, type CheckpointSource } from './checkpoint.ts';
import { FolderExchange } from './folder-exchange.ts';

const schema = z.object({
  sequence: z.int(),
  job: z.string(),
  platform: z.string().default('here'),
  energy: energyReadingsSchema.default([]),
});
type State = z.infer<typeof schema>;
const search = {
  schema,
  belongs: ({ job }: State) => job === 'mine',
  fits: ({ platform }: State) => platform === 'here',
};
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function checkpoint(
  name: string,
  state: z.input<typeof schema> & { padding?: string },
): Promise<CheckpointSource> {
  await writeCheckpoint(join(folder, name), {
    state,
    tensors: new Map([['w', { shape: [1], values: Float32Array.of(state.sequence) }]]),
  });
  return sourceOf(name);
}

/** What a meter says of a card over so many seconds, at 10 W. */
function drawn(seconds: number): EnergyReading {
  const gaps = { gaps: 0, gapSeconds: 0, estimatedSeconds: 0 };
  const joules = 10 * seconds;
  return { device: 'GPU-1', kind: 'GPU', joules, knownJoules: joules, seconds, meanWatts: 10, ...gaps };
}

function sourceOf(name: string): CheckpointSource {
  const exchange = new FolderExchange(folder);
  return { readStart: (bytes) => exchange.readStart(name, bytes), find: () => exchange.find(name) };
}

async function damage(name: string): Promise<void> {
  const path = join(folder, name);
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
}

test('the furthest checkpoint of the job is found, whichever attempt wrote it', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
    await checkpoint('c', { sequence: 7, job: 'mine' }),
  ];
  const { checkpoint: found } = await findEarlierWork(sources, search);
  expect(found?.state.sequence).toBe(9);
  expect(found?.tensors.get('w')?.values).toEqual(Float32Array.of(9));
});

test('one that belongs to something else is passed over', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'other' }),
  ];
  expect((await findEarlierWork(sources, search)).checkpoint?.state.sequence).toBe(5);
});

test('one with a flipped bit is passed over', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
  ];
  await damage('b');
  expect((await findEarlierWork(sources, search)).checkpoint?.state.sequence).toBe(5);
});

test('an attempt that left none is no error', async () => {
  expect(await findEarlierWork([sourceOf('nothing')], search)).toEqual({
    checkpoint: undefined,
    energy: undefined,
  });
});

test('of several only the furthest is read whole', async () => {
  const read: number[] = [];
  const counted = (source: CheckpointSource, sequence: number): CheckpointSource => ({
    readStart: (bytes) => source.readStart(bytes),
    find: () => {
      read.push(sequence);
      return source.find();
    },
  });
  const sources = [];
  for (const sequence of [5, 9, 7]) {
    sources.push(counted(await checkpoint(`${sequence}`, { sequence, job: 'mine' }), sequence));
  }
  await findEarlierWork(sources, search);
  expect(read).toEqual([9]);
});

test('a state longer than what is usually read of the start is read all the same', async () => {
  const sources = [await checkpoint('a', { sequence: 5, job: 'mine', padding: 'x'.repeat(1 << 20) })];
  expect((await findEarlierWork(sources, search)).checkpoint?.state.sequence).toBe(5);
});

test('storage that can not be reached is not taken for one without checkpoints', async () => {
  const unreachable: CheckpointSource = {
    readStart: () => Promise.reject(new Error('no route')),
    find: () => Promise.reject(new Error('no route')),
  };
  await expect(findEarlierWork([unreachable], search)).rejects.toThrow('no route');
});

test('what was drawn for the work is known where none of its checkpoints can be gone on from', async () => {
  const energy = [drawn(4)];
  const sources = [
    await checkpoint('a', { sequence: 9, job: 'mine', platform: 'there', energy }),
    await checkpoint('b', { sequence: 9, job: 'other', platform: 'here', energy: [drawn(600)] }),
  ];
  expect(await findEarlierWork(sources, search)).toEqual({ checkpoint: undefined, energy });
});

test('nothing is known of the energy of a damaged checkpoint', async () => {
  const sources = [
    await checkpoint('a', { sequence: 9, job: 'mine', platform: 'there', energy: [drawn(4)] }),
    await checkpoint('b', { sequence: 5, job: 'mine', platform: 'there', energy: [drawn(1)] }),
  ];
  await damage('a');
  expect((await findEarlierWork(sources, search)).energy).toEqual([drawn(1)]);
  await damage('b');
  expect((await findEarlierWork(sources, search)).energy).toBeUndefined();
});

test('energy is by the checkpoint that covers most, also where the work goes on from another one', async () => {
  const unmetered: EnergyReading = { ...drawn(0), device: 'CPU', kind: 'CPU', joules: null };
  const here = await checkpoint('a', { sequence: 9, job: 'mine', energy: [drawn(4)] });
  // It has begun anew, and knew of the other one.
  const there = { sequence: 2, job: 'mine', platform: 'there' };
  const found = await findEarlierWork(
    [here, await checkpoint('b', { ...there, energy: [drawn(6)] })],
    search,
  );
  expect(found.checkpoint?.state.sequence).toBe(9);
  expect(found.energy).toEqual([drawn(6)]);
  // A device without a meter has no seconds, but it must not be forgotten.
  const energy = [drawn(4), unmetered];
  const other = await findEarlierWork([here, await checkpoint('c', { ...there, energy })], search);
  expect(other.energy).toEqual(energy);
});

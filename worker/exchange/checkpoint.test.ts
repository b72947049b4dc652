import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { findCheckpoint, writeCheckpoint, type CheckpointSource } from './checkpoint.ts';
import { FolderExchange } from './folder-exchange.ts';

const schema = z.object({ sequence: z.int(), job: z.string() });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function checkpoint(
  name: string,
  state: z.infer<typeof schema> & { padding?: string },
): Promise<CheckpointSource> {
  await writeCheckpoint(join(folder, name), {
    state,
    tensors: new Map([['w', { shape: [1], values: Float32Array.of(state.sequence) }]]),
  });
  return sourceOf(name);
}

function sourceOf(name: string): CheckpointSource {
  const exchange = new FolderExchange(folder);
  return { readStart: (bytes) => exchange.readStart(name, bytes), find: () => exchange.find(name) };
}

test('the furthest checkpoint of the job is found, whichever attempt wrote it', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
    await checkpoint('c', { sequence: 7, job: 'mine' }),
  ];
  const found = await findCheckpoint(sources, schema, () => true);
  expect(found?.state.sequence).toBe(9);
  expect(found?.tensors.get('w')?.values).toEqual(Float32Array.of(9));
});

test('one that belongs to something else is passed over', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'other' }),
  ];
  expect((await findCheckpoint(sources, schema, ({ job }) => job === 'mine'))?.state.sequence).toBe(5);
});

test('one with a flipped bit is passed over', async () => {
  const sources = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
  ];
  const path = join(folder, 'b');
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
  expect((await findCheckpoint(sources, schema, () => true))?.state.sequence).toBe(5);
});

test('an attempt that left none is no error', async () => {
  expect(await findCheckpoint([sourceOf('nothing')], schema, () => true)).toBeUndefined();
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
  await findCheckpoint(sources, schema, () => true);
  expect(read).toEqual([9]);
});

test('a state longer than what is usually read of the start is read all the same', async () => {
  const sources = [await checkpoint('a', { sequence: 5, job: 'mine', padding: 'x'.repeat(1 << 20) })];
  expect((await findCheckpoint(sources, schema, () => true))?.state.sequence).toBe(5);
});

test('storage that can not be reached is not taken for one without checkpoints', async () => {
  const unreachable: CheckpointSource = {
    readStart: () => Promise.reject(new Error('no route')),
    find: () => Promise.reject(new Error('no route')),
  };
  await expect(findCheckpoint([unreachable], schema, () => true)).rejects.toThrow('no route');
});

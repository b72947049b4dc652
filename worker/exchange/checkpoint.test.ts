import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { findCheckpoint, writeCheckpoint } from './checkpoint.ts';

const schema = z.object({ sequence: z.int(), job: z.string() });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function checkpoint(name: string, state: z.infer<typeof schema>): Promise<string> {
  const path = join(folder, name);
  await writeCheckpoint(path, {
    state,
    tensors: new Map([['w', { shape: [1], values: Float32Array.of(state.sequence) }]]),
  });
  return path;
}

test('the furthest checkpoint of the job is found, whichever attempt wrote it', async () => {
  const folders = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
    await checkpoint('c', { sequence: 7, job: 'mine' }),
  ];
  const found = await findCheckpoint(folders, schema, () => true);
  expect(found?.state.sequence).toBe(9);
  expect(found?.tensors.get('w')?.values).toEqual(Float32Array.of(9));
});

test('one that belongs to something else is passed over', async () => {
  const folders = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'other' }),
  ];
  expect((await findCheckpoint(folders, schema, ({ job }) => job === 'mine'))?.state.sequence).toBe(5);
});

test('one with a flipped bit is passed over', async () => {
  const folders = [
    await checkpoint('a', { sequence: 5, job: 'mine' }),
    await checkpoint('b', { sequence: 9, job: 'mine' }),
  ];
  const path = join(folder, 'b', 'checkpoint.safetensors');
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
  expect((await findCheckpoint(folders, schema, () => true))?.state.sequence).toBe(5);
});

test('an attempt that left none is no error', async () => {
  expect(await findCheckpoint([join(folder, 'nothing')], schema, () => true)).toBeUndefined();
});

import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tensors = new Map([
  ['b/kernel', { shape: [2, 1], values: Float32Array.of(1.5, -2) }],
  ['a/step', { shape: [], values: Int32Array.of(7) }],
  ['c/bytes', { shape: [3], values: Uint8Array.of(1, 2, 3) }],
]);

test('what is written is read back, whatever the alignment of its parts', async () => {
  const path = join(folder, 'weights.safetensors');
  await writeSafetensors(path, { tensors, metadata: { blockstill: '{"é":1}' } });
  const read = await readSafetensors(path);
  expect(Object.fromEntries(read.tensors)).toEqual(Object.fromEntries(tensors));
  expect(read.metadata).toEqual({ blockstill: '{"é":1}' });
});

test('the bytes follow the published format', async () => {
  const path = join(folder, 'weights.safetensors');
  await writeSafetensors(path, {
    tensors: new Map([['x', { shape: [1], values: Float32Array.of(1) }]]),
    metadata: {},
  });
  const bytes = await readFile(path);
  const headerBytes = Number(bytes.readBigUInt64LE());
  expect(headerBytes % 8).toBe(0);
  expect(JSON.parse(bytes.subarray(8, 8 + headerBytes).toString())).toEqual({
    __metadata__: {},
    x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
  });
  expect(bytes.readFloatLE(8 + headerBytes)).toBe(1);
});

test('the order in which tensors are given does not change the bytes', async () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  await writeSafetensors(one, { tensors, metadata: {} });
  await writeSafetensors(other, { tensors: new Map([...tensors].reverse()), metadata: {} });
  expect(await readFile(one)).toEqual(await readFile(other));
});

test.each([
  ['cut short', async (path: string) => truncate(path, (await readFile(path)).byteLength - 1)],
  ['empty', (path: string) => truncate(path, 0)],
  ['something else', (path: string) => writeFile(path, 'not a safetensors file at all')],
])('a file that is %s is refused', async (_, damage) => {
  const path = join(folder, 'weights.safetensors');
  await writeSafetensors(path, { tensors, metadata: {} });
  await damage(path);
  await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'storage/bad-safetensors' });
});

import { describe, expect, test } from 'vitest';
import { networkFromJson } from './load.ts';
import { floats, functional, inputLayer, layer, load, modelJson, type Json } from './testing/model-json.ts';

describe('decoding weights', () => {
  const dense = functional(
    [inputLayer([null, 2]), layer('Dense', 'dense', ['image'], { units: 2, use_bias: false })],
    'dense',
  );
  const kernel = (entry: Json) => [{ name: 'dense/kernel', shape: [2, 2], dtype: 'float32', ...entry }];

  test.each([
    // 1, -2, 0.5, 2^-24 in IEEE 754 binary16.
    [
      'float16',
      { quantization: { dtype: 'float16' } },
      [0x3c00, 0xc000, 0x3800, 0x0001],
      [1, -2, 0.5, 2 ** -24],
    ],
    [
      'uint16',
      { quantization: { dtype: 'uint16', scale: 0.5, min: -1 } },
      [0, 1, 2, 65535],
      [-1, -0.5, 0, 32766.5],
    ],
  ])('reads %s', async (_name, entry, stored, expected) => {
    const network = await load(
      modelJson(dense, kernel(entry)),
      new Uint8Array(Uint16Array.from(stored).buffer),
    );
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual(expected);
  });

  test('reads uint8 quantisation', async () => {
    const entry = { quantization: { dtype: 'uint8', scale: 2, min: -10 } };
    const network = await load(modelJson(dense, kernel(entry)), Uint8Array.of(0, 5, 10, 255));
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual([-10, 0, 10, 500]);
  });

  test('joins a group over several shards, cut anywhere', async () => {
    const bytes = floats(1, 2, 3, 4);
    const shards: Record<string, Uint8Array> = { a: bytes.subarray(0, 5), b: bytes.subarray(5) };
    const json = modelJson(dense, kernel({}), ['a', 'b']);
    const network = await networkFromJson(json, (path) => Promise.resolve(shards[path] ?? new Uint8Array()));
    expect([...(network.weights.get('dense/kernel')?.values ?? [])]).toEqual([1, 2, 3, 4]);
  });
});

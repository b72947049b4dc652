import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from './lines.ts';
import { toArray } from './testing/to-array.ts';

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of sizes) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
  yield bytes.subarray(start);
}

const split = async (text: string, sizes: readonly number[] = [], maximum = 1e6) =>
  await toArray(splitLines(cut(Buffer.from(text), sizes), maximum));

describe('lines', () => {
  it('are the same however the bytes were cut, inside a character too', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(5)), async (lines, sizes) => {
        const text = lines.map((each) => `${each}\n`).join('');
        expect(await split(text, sizes)).toEqual(lines);
      }),
    );
  });

  it('have a maximum, which counts from line to line', async () => {
    expect(await split('12345\n12345\n', [3, 4], 5)).toEqual(['12345', '12345']);
    await expect(split('123456\n', [3], 5)).rejects.toMatchObject({ code: 'cluster/malformed-answer' });
    await expect(split('123456', [], 5)).rejects.toMatchObject({ code: 'cluster/malformed-answer' });
  });

  it('are not made out of what was cut off, even if it looks whole', async () => {
    await expect(split('{"a":1}\n{"b":2}')).rejects.toMatchObject({ message: 'The last line was cut off.' });
  });
});

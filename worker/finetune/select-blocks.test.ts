import { expect, test } from 'vitest';
import { selectBlocks } from './select-blocks.ts';

const top1 = (value: number) => ({ value, samples: 1000, standardError: 0.01, measure: 'Top1' as const });
const agreement = (value: number) => ({ ...top1(value), measure: 'Agreement' as const });
const neverStitched = () => Promise.reject(new Error('must not be measured'));

test('a block is replaced when swapping it alone costs no more than allowed', async () => {
  const selection = await selectBlocks(
    [
      { name: 'good', score: top1(0.88) },
      { name: 'bad', score: top1(0.8) },
    ],
    top1(0.9),
    { maxScoreDrop: 0.05, stitchedDrop: neverStitched },
  );
  expect(selection).toEqual([
    { name: 'good', replaced: true, scoreDrop: expect.closeTo(0.02, 9) },
    {
      name: 'bad',
      replaced: false,
      scoreDrop: expect.closeTo(0.1, 9),
      reason: 'Swapped in alone it drops by 10.00 points, more than 5.00 points.',
    },
  ]);
});

test('agreement is compared with the teacher agreeing with itself', async () => {
  const [block] = await selectBlocks([{ name: 'a', score: agreement(0.96) }], null, {
    maxScoreDrop: 0.05,
    stitchedDrop: neverStitched,
  });
  expect(block).toMatchObject({ replaced: true, scoreDrop: expect.closeTo(0.04, 9) });
});

test('a block without a usable replacement keeps the reason that it came with', async () => {
  const [block] = await selectBlocks([{ name: 'a', score: null, missing: 'It collapsed.' }], top1(0.9), {
    maxScoreDrop: 1,
    stitchedDrop: neverStitched,
  });
  expect(block).toEqual({ name: 'a', replaced: false, reason: 'It collapsed.', scoreDrop: null });
});

test('where the stitched drop is watched, blocks go in best first and those that cost too much stay out', async () => {
  // Each block adds its own drop; together at most 0.05.
  const drops: Record<string, number> = { a: 0.03, b: 0.01, c: 0.02 };
  const asked: string[][] = [];
  const selection = await selectBlocks(
    Object.entries(drops).map(([name, drop]) => ({ name, score: top1(0.9 - drop) })),
    top1(0.9),
    {
      maxScoreDrop: 0.05,
      maxStitchedDrop: 0.05,
      stitchedDrop: async (names) => {
        asked.push([...names]);
        return names.reduce((sum, name) => sum + (drops[name] ?? 0), 0);
      },
    },
  );
  expect(asked).toEqual([['b'], ['b', 'c'], ['b', 'c', 'a']]);
  expect(selection.map(({ name, replaced }) => [name, replaced])).toEqual([
    ['a', false],
    ['b', true],
    ['c', true],
  ]);
});

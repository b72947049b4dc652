import { describe, expect, it } from 'vitest';
import { aPlan, prepared } from '../decide/builders.ts';
import type { TrainingAmount } from '../decide/observed.ts';
import { chooseUnits } from './choose-units.ts';

// 100 samples in batches of 10: ten steps an epoch; with one batch of validation, a pass of the teacher is 11 batches.
const training: TrainingAmount = {
  epochs: 2,
  batchSize: 10,
  passes: 1,
  cache: { sessionBytes: 1e9, diskBytes: 0 },
  finetuneEpochs: 0,
};

const names = ['a', 'b', 'c', 'd'];
const profile = {
  blocks: names.map((name, index) => ({ name, stepSeconds: 5, prefixSeconds: index + 1 })),
};
// Neighbours share the boundary between them.
const plan = aPlan(names);
const chain = {
  ...plan,
  blocks: plan.blocks.map((block, index) => ({ ...block, input: names[index - 1] ?? 'input' })),
};
const measured = prepared(chain, profile);

describe('units', () => {
  it('are one a block', () => {
    expect(chooseUnits(measured, training, { mode: 'PerBlock' })).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('balance own steps and teacher passes between two workers', () => {
    // 100 s of steps a block, 11 s of the teacher a block. Halves: 10 + 22 + 200 and 10 + 44 + 200 s; three and one: 343 s.
    expect(chooseUnits(measured, training, { mode: 'Auto', workers: 2 })).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('hold all blocks for one worker', () => {
    expect(chooseUnits(measured, training, { mode: 'Auto', workers: 1 })).toEqual([['a', 'b', 'c', 'd']]);
  });

  it('stay so small that their activations can be kept, when computing them again costs more', () => {
    // Two boundaries of 8 x 8 x 4 float32 for 110 samples fit; three, of two blocks, don't. Four units with a cache:
    // 121, 132, 143 and 154 s, longest first on one worker 550 s. All in one without: 10 + 400 + 22 x 4 = 498 s.
    const small = { ...training, cache: { sessionBytes: 2 * 4 * 8 * 8 * 4 * 110, diskBytes: 0 } };
    expect(chooseUnits(measured, small, { mode: 'Auto', workers: 1 })).toEqual([['a', 'b', 'c', 'd']]);
    // With prefixes of 10, 20, 30 and 40 s: four units 4 x 10 + 400 + 11 x 100 = 1,540 s; one unit
    // 10 + 400 + 22 x 40 = 1,290 s. Eight epochs, 88 batches in place of 22: 2,740 s against 10 + 1,600 + 88 x 40.
    const long = prepared(chain, {
      blocks: profile.blocks.map((block) => ({ ...block, prefixSeconds: block.prefixSeconds * 10 })),
    });
    expect(chooseUnits(long, small, { mode: 'Auto', workers: 1 })).toHaveLength(1);
    expect(chooseUnits(long, { ...small, epochs: 8 }, { mode: 'Auto', workers: 1 })).toHaveLength(4);
  });
});

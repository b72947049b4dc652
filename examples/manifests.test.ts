import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileJob } from '../crds/compile-job.ts';
import { parseDistillationJob } from '../crds/parse-distillation-job.ts';
import { findBlocks } from '../worker/models/find-blocks.ts';
import { costOf } from '../worker/models/cost.ts';
import { loadNetwork } from '../worker/models/load.ts';

/** Multiplications of the teacher's part that is replaced, worked out from the layers' sizes. */
const examples = {
  // 3x3 convolutions 32->64 and 64->64 at 14x14, 64->128 and 128->128 at 7x7.
  mnist: { blocks: 4, macs: 9 * (196 * (32 * 64 + 64 * 64) + 49 * (64 * 128 + 128 * 128)) },
  // 24->24 twice at 14x14; 24->48 and three 48->48 at 7x7; 48->64 and three 64->64 at 4x4.
  residual: {
    blocks: 10,
    macs: 9 * (196 * 2 * 24 * 24 + 49 * (24 * 48 + 3 * 48 * 48) + 16 * (48 * 64 + 3 * 64 * 64)),
  },
};

test.each(Object.entries(examples))(
  'the manifest of %s replaces every convolution but the first',
  async (name, expected) => {
    const folder = join(import.meta.dirname, name);
    const path = join(folder, 'job.yaml');
    const { spec } = compileJob(parseDistillationJob(await readFile(path, 'utf8'), path), {
      manifestFolder: folder,
    });
    const teacher = await loadNetwork(join(folder, 'teacher'));
    const { blocks, kept } = findBlocks(teacher, spec.partition, spec.replacement.candidates[0]);
    expect(blocks).toHaveLength(expected.blocks);
    expect(blocks.reduce((sum, { cost }) => sum + cost.macs, 0)).toBe(expected.macs);
    expect(kept.map((block) => block.name)).toEqual(['stem_conv']);
    const student = blocks.reduce(
      (macs, { cost, replacement }) => macs - cost.macs + replacement.cost.macs,
      costOf(teacher).macs,
    );
    expect(costOf(teacher).macs / student).toBeGreaterThan(3);
  },
);

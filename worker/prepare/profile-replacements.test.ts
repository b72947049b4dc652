import { expect, test } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import { createPause, InterruptedError } from '../interruption.ts';
import { convolutionSketch, networkOfSketches } from '../models/testing/sketches.ts';
import { chooseBlocks } from './choose-blocks.ts';
import { profileReplacements } from './profile-replacements.ts';

const { spec } = compileJob({
  apiVersion: 'blockstill.dev/v1alpha1',
  kind: 'DistillationJob',
  metadata: { name: 'small' },
  spec: {
    teacher: { uri: 'file:///teacher' },
    dataset: { format: 'NPZ', train: { uri: 'file:///train.npz' } },
    distill: { batchSize: 2 },
    output: { uri: 'file:///student' },
    execution: { device: 'CPU' },
  },
});

test('a worker that is told to stop times no further step of the block that it is at', async () => {
  const teacher = networkOfSketches([4, 4, 32], [convolutionSketch('conv', 'image', { filters: 32 })]);
  const told = new AbortController();
  let readings = 0;
  const profile = profileReplacements({
    teacher,
    spec,
    blocks: chooseBlocks(teacher, spec).blocks,
    device: 'CPU',
    seconds: () => {
      readings += 1;
      told.abort();
      return 0;
    },
    between: createPause(() => 0, told.signal),
  });
  await expect(profile).rejects.toBeInstanceOf(InterruptedError);
  // The clock is read before each step, and after it once warm.
  expect(readings).toBe(1);
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobSpec } from '../contract/job-spec.ts';
import { Graph } from '../graph/graph.ts';
import type { CacheOptions, TeacherSource } from './activation-source.ts';
import { declareBuffers } from './buffers.ts';
import { chooseSource } from './choose-source.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'scratch-'));
});
afterEach(() => rm(scratch, { recursive: true }));

const block = { input: 'a', output: 'b', inputShape: [2, 2, 1], outputShape: [2, 2, 3] };

function choose(budget: { memoryBytes: number; diskBytes: number; mode?: 'Auto' | 'Recompute' }, passes = 1) {
  const graph = new Graph();
  const cache: CacheOptions = {
    session: () => {
      throw new Error('not needed to choose');
    },
    teacher: { tier: 'Recompute', [Symbol.dispose]: () => undefined } as TeacherSource,
    buffers: declareBuffers(graph, [block], 5),
    batchSize: 5,
    samples: { train: 10, validation: 6 },
    passes,
  };
  const activationCache = { mode: 'Auto', deviceMemoryBytes: 0, ...budget };
  const spec = { execution: { activationCache } } as JobSpec;
  return chooseSource(graph, { spec, device: 'CPU', scratch, cache }).source;
}

// 16 samples of 4 + 12 float32 values are 1,024 bytes; each further pass adds 10 samples, 640 bytes.
test.each([
  ['Memory', { memoryBytes: 1024, diskBytes: 0 }, 1],
  ['Disk', { memoryBytes: 1023, diskBytes: 1024 }, 1],
  ['Recompute', { memoryBytes: 1023, diskBytes: 1023 }, 1],
  ['Memory', { memoryBytes: 1664, diskBytes: 0 }, 2],
  ['Recompute', { memoryBytes: 1663, diskBytes: 0 }, 2],
] as const)('activations go to %s with the budget %o and %i passes', (tier, budget, passes) => {
  using source = choose(budget, passes);
  expect(source.tier).toBe(tier);
});

test('fresh augmentation in every epoch leaves nothing to keep', () => {
  expect(choose({ memoryBytes: 1e12, diskBytes: 1e12 }, 0).tier).toBe('Recompute');
});

test('the manifest can ask for recomputation', () => {
  expect(choose({ memoryBytes: 1e12, diskBytes: 1e12, mode: 'Recompute' }).tier).toBe('Recompute');
});

test('scratch files have no name, so that they are gone with the process', async () => {
  using source = choose({ memoryBytes: 0, diskBytes: 1024 });
  expect(source.tier).toBe('Disk');
  expect(await readdir(scratch)).toEqual([]);
});

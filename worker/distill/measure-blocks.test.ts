import { expect, test, vi } from 'vitest';
import type { Logger } from '../../common/logger.ts';
import { systemClock } from '../clock.ts';
import { blockLatencySchema } from '../contract/unit-result.ts';
import { InterruptedError } from '../interruption.ts';
import type { BlockTraining } from './block-training.ts';
import { measureBlocks, type MeasureContext } from './measure-blocks.ts';
import { trainedBlock } from './testing/trained-block.ts';

const { teacher, block } = trainedBlock({ batchSize: 2 });

/** A unit whose buffers hold ones once a batch is loaded, and nothing before. */
function contextOf(change: Partial<MeasureContext> = {}) {
  const loaded: number[][] = [];
  const warn = vi.fn<Logger['warn']>();
  const context = {
    work: { clock: systemClock, logger: { warn } },
    inputs: {
      device: 'CPU',
      teacher,
      plan: { batchSize: 2, dataset: { samples: { train: 9, validation: 3 } } },
    },
    unit: {
      session: {
        get: (names: Iterable<string>) =>
          new Map([...names].map((name) => [name, new Float32Array(loaded.length * 96).fill(1)])),
      },
      source: {
        load: async (split: string, rows: Int32Array) => {
          expect(split).toBe('validation');
          loaded.push([...rows]);
        },
      },
    },
    between: async () => undefined,
    ...change,
  } as unknown as MeasureContext;
  return { context, loaded, warn };
}

const collapsed: BlockTraining = {
  ...block,
  graph: { ...block.graph, block: { ...block.graph.block, name: 'collapsed' } },
  state: { ...block.state, verdict: { unexplainedVariance: 2, score: null, collapsed: 'It is worse.' } },
};
const notFinite: BlockTraining = { ...block, best: undefined };

test('a block is timed on a real batch, beside its layers in the teacher; one without a replacement is not', async () => {
  const { context, loaded, warn } = contextOf();
  const latencies = await measureBlocks(context, [collapsed, block]);
  expect([...latencies.keys()]).toEqual(['second']);
  const latency = blockLatencySchema.parse(latencies.get('second'));
  expect(latency).toMatchObject({ batchSize: 1 });
  expect(latency.repeats).toBeGreaterThanOrEqual(3);
  expect(loaded).toEqual([[0, 1]]);
  expect(warn).not.toHaveBeenCalled();
});

test('a unit without any replacement loads nothing', async () => {
  const { context, loaded } = contextOf();
  expect((await measureBlocks(context, [collapsed, notFinite])).size).toBe(0);
  expect(loaded).toEqual([]);
});

test('a worker that is told to stop does', async () => {
  const { context, warn } = contextOf({
    between: () => Promise.reject(new InterruptedError('told to stop')),
  });
  await expect(measureBlocks(context, [block])).rejects.toBeInstanceOf(InterruptedError);
  expect(warn).not.toHaveBeenCalled();
});

test('a block that can not be timed, as on a full GPU, is kept and has no figure; the log says why', async () => {
  const error = new Error('OOM when allocating tensor');
  const { context, warn } = contextOf({ between: () => Promise.reject(error) });
  expect([...(await measureBlocks(context, [block]))]).toEqual([['second', null]]);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.any(String), { block: 'second', error });
});

import { expect, test } from 'vitest';
import type { BlockStatus } from '../../crds/status.ts';
import { unmetered } from '../../operator/decide/builders.ts';
import { resNet50Job } from '../../test/report/resnet50-job.ts';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import type { BlockLatency, DistillResult, PeakMemory } from '../../worker/contract/unit-result.ts';
import { buildBlocks } from './build-blocks.ts';

const whole = resNet50Job();
const [first] = whole.details.distill;
const name = first?.blocks[0]?.name ?? '';

function gpu(method: NonNullable<EnergyReading['method']>): EnergyReading {
  return { ...unmetered, device: 'GPU-1', kind: 'GPU', joules: 10, method, reason: undefined };
}

/** The first unit's block, when its result says other things of its energy, and the status that its joules are known or not. */
function blockOf(change: Partial<DistillResult>, joules?: number) {
  const distill = whole.details.distill.map((unit) => (unit === first ? { ...unit, ...change } : unit));
  const blocks = whole.status.blocks?.map((block) => (block.name === name ? { ...block, joules } : block));
  const input = { ...whole, status: { ...whole.status, blocks }, details: { ...whole.details, distill } };
  return buildBlocks(input).find((block) => block.name === name);
}

test("a block's energy is by the weaker one of the ways in which its attempts were metered", () => {
  expect(blockOf({ energy: [gpu('Counter'), unmetered] }, 10)).toMatchObject({
    joules: 10,
    energyMethod: 'Counter',
  });
  const changed = { energy: [gpu('Counter')], earlierEnergy: [gpu('SampledPower')] };
  expect(blockOf(changed, 10)).toMatchObject({ energyMethod: 'SampledPower' });
});

test("a block's energy that is unknown has the reason of its meters, or of its unit", () => {
  const why = (change: Partial<DistillResult>) => {
    const block = blockOf(change);
    expect(block).toMatchObject({ joules: null, energyMethod: null });
    expect(block?.unknown['energyMethod']).toBe(block?.unknown['joules']);
    return block?.unknown['joules'];
  };
  expect(why({ energy: [{ ...gpu('Counter'), joules: null, reason: 'MIG is on' }] })).toBe('GPU: MIG is on.');
  expect(why({ energy: [gpu('Counter')] })).toContain('units shared a device');
  const two = first?.blocks.flatMap((block) => [block, { ...block, name: 'other' }]) ?? [];
  expect(why({ blocks: two })).toContain('several blocks');
});

const latency = { batchSize: 64, teacherMilliseconds: 9, replacementMilliseconds: 3, repeats: 7 };

/** The block as its status and its result say, whose figures are unknown unless they are given. */
function measured(
  status: Partial<BlockStatus>,
  result?: { latency?: BlockLatency | null; peakMemory?: PeakMemory },
) {
  const distill = whole.details.distill.flatMap((unit) => {
    if (unit !== first) return [unit];
    if (result === undefined) return [];
    const { latency: timed, peakMemory } = result;
    return [{ ...unit, peakMemory, blocks: unit.blocks.map((block) => ({ ...block, latency: timed })) }];
  });
  const unknown = { latency: undefined, peakMemory: undefined };
  const blocks = whole.status.blocks?.map((block) =>
    block.name === name ? { ...block, ...unknown, ...status } : block,
  );
  const input = { ...whole, status: { ...whole.status, blocks }, details: { ...whole.details, distill } };
  return buildBlocks(input).find((block) => block.name === name);
}

test("a block's latency and memory are read from its status, and from its result", () => {
  const figures = {
    teacherLatency: 9,
    replacementLatency: 3,
    latencyBatchSize: 64,
    peakMemoryBytes: 5,
    peakHostMemoryBytes: 7,
  };
  const peakMemory = { hostBytes: 7, deviceBytes: 5 };
  expect(measured({ latency, peakMemory })).toMatchObject(figures);
  expect(measured({}, { latency, peakMemory })).toMatchObject(figures);
});

test.each([
  ['of a result from before it was timed', {}, {}, 'Its worker did not time it, or could not say.'],
  [
    'that could not be timed',
    {},
    { latency: null },
    'It could not be timed; the log of its worker says why.',
  ],
  ['that collapsed', { state: 'Collapsed' } as const, {}, 'It collapsed: there is no replacement to time.'],
  ['that still runs', { state: 'Running' } as const, undefined, 'Its unit has no committed result.'],
])('a block %s has no latency, and says why', (_, status, result, reason) => {
  const block = measured(status, result);
  expect(block).toMatchObject({ teacherLatency: null, replacementLatency: null, latencyBatchSize: null });
  expect(block?.unknown['teacherLatency']).toBe(reason);
});

test.each([
  ['on processors', { gpu: undefined, peakMemory: { hostBytes: 7 } }, 'It was trained on processors alone.'],
  [
    'on a shared card',
    { peakMemory: { hostBytes: 7, reason: 'MIG is on' } },
    'Memory of the GPU: MIG is on.',
  ],
])('a block that was trained %s has no memory of a GPU, and says why', (_, status, reason) => {
  const block = measured(status);
  expect(block).toMatchObject({ peakMemoryBytes: null, peakHostMemoryBytes: 7 });
  expect(block?.unknown['peakMemoryBytes']).toBe(reason);
});

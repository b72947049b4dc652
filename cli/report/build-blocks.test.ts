import { expect, test } from 'vitest';
import { unmetered } from '../../operator/decide/builders.ts';
import { resNet50Job } from '../../test/report/resnet50-job.ts';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
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

import { expect, it } from 'vitest';
import { anObserved, aPlan, distilled, prepared } from '../decide/builders.ts';
import type { DistillFacts } from '../../worker/contract/unit-facts.ts';
import { unitSeconds } from './choose-units.ts';
import { withMeasuredTimes } from './measured-times.ts';

// Ten steps; a pass of the teacher is 11 batches, ten of training and one of validation.
const { training } = anObserved();
const names = ['a', 'b'];
const measured = prepared(aPlan(names), {
  blocks: names.map((name, index) => ({ name, stepSeconds: 2, prefixSeconds: index + 1 })),
});

function result(change: Partial<DistillFacts>, seconds: Readonly<Record<string, number>>): DistillFacts {
  const { result: committed } = distilled('unit-000', 'a');
  if (committed?.value.stage !== 'Distill') throw new Error('not a unit');
  const [block] = committed.value.blocks;
  if (block === undefined) throw new Error('no block');
  const blocks = Object.entries(seconds).map(([name, each]) => ({ ...block, name, seconds: each }));
  return { ...committed.value, ...change, blocks };
}

const tenSecondsOfStart = 10;

it('predicts of a finished unit what it took', () => {
  const found = withMeasuredTimes(measured, training, [result({ sharedSeconds: 22 }, { a: 50 })]);
  expect([...found.blocks]).toEqual(['a']);
  const seconds = unitSeconds(found.measured, training);
  expect(seconds(0, 0)).toBe(tenSecondsOfStart + 50 + 22);
  // The other one as before: 20 s of steps, 22 s of the teacher.
  expect(seconds(1, 1)).toBe(tenSecondsOfStart + 20 + 22);
});

it('leaves the teacher of units with several blocks as it was predicted', () => {
  const found = withMeasuredTimes(measured, training, [result({ sharedSeconds: 99 }, { a: 50, b: 30 })]);
  expect(unitSeconds(found.measured, training)(0, 1)).toBe(tenSecondsOfStart + 80 + 22);
});

it('takes the teacher out of the steps where it ran for each of them', () => {
  // Nothing may be kept, so the teacher runs for ten steps and one batch of validation: 22 s up to b.
  const small = { ...training, cache: { sessionBytes: 0, diskBytes: 0 } };
  const recomputed = result({ activations: 'Recompute' }, { b: 52 });
  const found = withMeasuredTimes(measured, small, [recomputed]);
  expect(found.measured.profile.blocks[1]).toEqual({ name: 'b', stepSeconds: 3, prefixSeconds: 2 });
  expect(unitSeconds(found.measured, small)(1, 1)).toBe(tenSecondsOfStart + 52);
  // Faster than the teacher alone should have been: then the profile is no help, and stays.
  const quick = withMeasuredTimes(measured, small, [result({ activations: 'Recompute' }, { b: 20 })]);
  expect(quick.blocks.size).toBe(0);
  expect(quick.measured.profile).toEqual(measured.profile);
});

it('goes by where a unit had its activations, though the manifest says something else by now', () => {
  // Three epochs of ten steps: 33 batches where the teacher runs for each, and 11 to fill a cache.
  const long = { ...training, epochs: 3 };
  const small = { ...long, cache: { sessionBytes: 0, diskBytes: 0 } };
  const kept = withMeasuredTimes(measured, small, [result({ sharedSeconds: 22 }, { a: 60 })]);
  expect(kept.measured.profile.blocks[0]).toEqual({ name: 'a', stepSeconds: 2, prefixSeconds: 2 });
  const recomputed = withMeasuredTimes(measured, long, [result({ activations: 'Recompute' }, { b: 156 })]);
  expect(recomputed.measured.profile.blocks[1]).toEqual({ name: 'b', stepSeconds: 3, prefixSeconds: 2 });
});

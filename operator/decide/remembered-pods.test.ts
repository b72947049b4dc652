import { expect, it } from 'vitest';
import { mostPods } from '../../crds/status.ts';
import { at, failed } from './builders.ts';
import type { Run } from './observed.ts';
import { podsToRemember, rememberedRuns } from './remembered-pods.ts';

const run: Run = { unit: 'unit-000', attempt: 1, name: 'pod', created: at(0), start: at(5), end: at(60) };

it.each<Run>([
  run,
  { ...run, node: 'gpu-1', sharing: { kind: 'None' } },
  { unit: 'finetune', attempt: 2, name: 'never', end: at(9) },
])('what a status has of a pod says the same as before: %j', (each) => {
  const [again] = rememberedRuns({ pods: podsToRemember({ runs: [each] }) });
  expect(again).toEqual(each);
});

it("what may have run unseen stays in doubt, and what was superseded is none of the job's", () => {
  const unseen: Run = { unit: 'unit-000', attempt: 1, name: 'job', created: at(0), isUnseen: true };
  expect(rememberedRuns({ pods: podsToRemember({ runs: [unseen] }) })).toEqual([
    expect.objectContaining({ name: 'job', isUnseen: true }),
  ]);
  const attempts = [failed('unit-000', { superseded: true })];
  expect(podsToRemember({ runs: [run, { ...run, attempt: 2, name: 'next' }], attempts })).toMatchObject([
    { name: 'next' },
  ]);
});

it('that others could use its GPU stays known, though not why', () => {
  for (const kind of ['Shared', 'Unknown'] as const) {
    const pods = podsToRemember({ runs: [{ ...run, sharing: { kind, reason: 'a label says so' } }] });
    expect(rememberedRuns({ pods })[0]?.sharing).toMatchObject({ kind });
  }
});

it('a pod that waits is none yet, and of too many the first are forgotten', () => {
  const waiting: Run = { unit: 'unit-000', attempt: 1, name: 'waiting', created: at(0) };
  expect(podsToRemember({ runs: [waiting] })).toEqual([]);
  const many = Array.from({ length: mostPods + 2 }, (_, index) => ({
    ...run,
    name: `pod-${index}`,
    created: at(index),
  }));
  const kept = podsToRemember({ runs: many.toReversed() }).map(({ name }) => name);
  expect(kept).toHaveLength(mostPods);
  expect([kept[0], kept.at(-1)]).toEqual(['pod-2', `pod-${mostPods + 1}`]);
  const long = many.map((each) => ({ ...each, node: 'n'.repeat(253) }));
  const fitting = podsToRemember({ runs: long });
  expect(JSON.stringify(fitting).length).toBeLessThan(65_000);
  expect(fitting.at(-1)?.name).toBe(`pod-${mostPods + 1}`);
});

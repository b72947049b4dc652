import { expect, test } from 'vitest';
import { runEveryWay, waysToRun } from './every-way.ts';

test('without a wish one operator is tried, then two; with one, a single run', () => {
  expect(waysToRun({})).toEqual([1, 2]);
  expect(waysToRun({ operators: '2' })).toEqual([2]);
  expect(waysToRun({ operators: '3', seed: '7' })).toEqual([3]);
  expect(waysToRun({ seed: '7' })).toEqual([1]);
});

test('each run has its verdict, also after one that went wrong', async () => {
  const tried: number[] = [];
  const verdicts = await runEveryWay([1, 2, 3], async (operators) => {
    tried.push(operators);
    if (operators === 1) throw new Error('Nobody followed.');
    return operators === 2 ? 4 : 0;
  });
  expect(tried).toEqual([1, 2, 3]);
  expect(verdicts).toEqual([
    {
      isGood: false,
      sentence: expect.stringMatching(/^Verdict on 1 operator: the run did not come .* Nobody followed\./),
    },
    { isGood: false, sentence: 'Verdict on 2 operators: 4 violations.' },
    { isGood: true, sentence: 'Verdict on 3 operators: no violation.' },
  ]);
});

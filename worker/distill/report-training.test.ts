import { expect, test } from 'vitest';
import type { Progress } from '../contract/progress.ts';
import type { WorkContext } from '../work-context.ts';
import type { BlockGraph } from './block-graph.ts';
import { newBlockTraining } from './block-training.ts';
import { reportTraining } from './report-training.ts';

const trained = { steps: 40, seconds: 18, images: 40 };

/** 97 steps in all, at half a second each since the start of the attempt. */
function reported(step: number, { live = true } = {}): Pick<Progress, 'fraction' | 'etaSeconds' | 'trained'> {
  const reports: Progress[] = [];
  const context = {
    spec: { spec: { distill: { steps: 97, epochs: 1, batchSize: 1 } } },
    clock: { seconds: () => 10 + step / 2 },
    report: (progress: Progress) => reports.push(progress),
  } as unknown as WorkContext;
  const block = newBlockTraining({ block: { name: 'a' } } as unknown as BlockGraph, 1);
  block.state.live = live;
  const report = { cursor: { epoch: 0, step }, samples: 97, since: { seconds: 10, steps: 0 }, trained };
  reportTraining(context, [block], report);
  const [progress] = reports;
  if (progress === undefined) throw new Error('nothing was reported');
  return { fraction: progress.fraction, etaSeconds: progress.etaSeconds, trained: progress.trained };
}

// The 97 steps are 97 hundredths of the unit: the judging counts as three more steps.
test.each([
  { of: 'before the first step', step: 0, live: true, fraction: 0, etaSeconds: null },
  { of: 'in the training', step: 47, live: true, fraction: 0.47, etaSeconds: 53 / 2 },
  { of: 'at its end', step: 97, live: false, fraction: 0.97, etaSeconds: 3 / 2 },
  { of: 'when it was stopped early', step: 47, live: false, fraction: 0.97, etaSeconds: 3 / 2 },
])('the progress of a unit leaves room for judging: $of', ({ step, live, fraction, etaSeconds }) => {
  const close = (value: number): unknown => expect.closeTo(value, 9);
  expect(reported(step, { live })).toEqual({
    fraction: close(fraction),
    etaSeconds: etaSeconds === null ? null : close(etaSeconds),
    trained,
  });
});

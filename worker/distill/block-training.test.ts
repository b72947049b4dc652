import { expect, test } from 'vitest';
import type { BlockGraph } from './block-graph.ts';
import { endEpoch, newBlockTraining } from './block-training.ts';

function training() {
  return newBlockTraining({ block: { name: 'conv1' } } as BlockGraph, 1).state;
}

test('the epoch with the lowest validation loss is the best, later worse ones are not', () => {
  const state = training();
  const best = [3, 1, 2].map((validationLoss) =>
    endEpoch(state, { loss: 1, validationLoss, more: true }, undefined),
  );
  expect(best).toEqual([true, true, false]);
  expect(state.bestLoss).toBe(1);
});

test('a loss that is not finite ends the training at once', () => {
  const state = training();
  expect(endEpoch(state, { loss: null, validationLoss: null, more: true }, undefined)).toBe(false);
  expect(state).toMatchObject({ live: false, stopReason: 'NotFinite', epochs: 1 });
});

test('patience counts epochs that are not better by minDelta', () => {
  const state = training();
  const stopping = { patience: 2, minDelta: 0.5 };
  for (const validationLoss of [10, 9.8, 9.6])
    endEpoch(state, { loss: 1, validationLoss, more: true }, stopping);
  expect(state).toMatchObject({ live: false, stopReason: 'EarlyStopped', epochs: 3, bestLoss: 9.6 });
});

test('small steady gains add up to an improvement', () => {
  const state = training();
  const stopping = { patience: 2, minDelta: 0.5 };
  for (const validationLoss of [10, 9.7, 9.4, 9.1, 8.8])
    endEpoch(state, { loss: 1, validationLoss, more: true }, stopping);
  expect(state).toMatchObject({ live: true, epochs: 5 });
});

test('an improvement by more than minDelta starts the count again', () => {
  const state = training();
  const stopping = { patience: 2, minDelta: 0.5 };
  for (const validationLoss of [10, 10, 9, 9])
    endEpoch(state, { loss: 1, validationLoss, more: true }, stopping);
  expect(state.live).toBe(true);
});

test('the last epoch finishes the training', () => {
  const state = training();
  endEpoch(state, { loss: 1, validationLoss: 1, more: false }, undefined);
  expect(state).toMatchObject({ live: false, stopReason: 'Finished' });
});

import { expect, test } from 'vitest';
import type { Accuracy } from '../contract/primitives.ts';
import { bestStage } from './best-stage.ts';

const top1 = (value: number): Accuracy => ({ value, samples: 100, standardError: 0.01, measure: 'Top1' });

/** A stage with its validation and test figures; null is unknown. */
function stage(name: string, validation: number | null, unseen: number | null) {
  return {
    name,
    accuracy: {
      validation: validation === null ? null : top1(validation),
      test: unseen === null ? null : top1(unseen),
    },
  };
}

test('the stage that is best on validation is kept, even where another is better on test', () => {
  const stages = [
    stage('Stitched', 0.9, 0.8),
    stage('Recalibrated', 0.85, 0.99),
    stage('Finetuned', 0.7, 0.95),
  ];
  expect(bestStage(stages).name).toBe('Stitched');
  expect(bestStage(stages.toReversed()).name).toBe('Stitched');
});

test('of stages that are equal on validation the later is kept, whatever test says', () => {
  const stages = [
    stage('Stitched', 0.5, 0.5),
    stage('Recalibrated', 0.9, 0.95),
    stage('Finetuned', 0.9, 0.6),
  ];
  expect(bestStage(stages).name).toBe('Finetuned');
});

test('a stage whose validation figure is unknown is not helped by its test figure', () => {
  expect(bestStage([stage('Stitched', 0.2, null), stage('Recalibrated', null, 1)]).name).toBe('Stitched');
});

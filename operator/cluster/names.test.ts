import { expect, it } from 'vitest';
import { jobNameOf, stageOfLabel, unitNameOf } from './names.ts';

it.each([
  { stage: 'Prepare', index: 0, attemptNumber: 1, name: 'mnist-p000-1', unit: 'prepare' },
  { stage: 'Distill', index: 12, attemptNumber: 3, name: 'mnist-u012-3', unit: 'unit-012' },
  { stage: 'Finetune', index: 0, attemptNumber: 10, name: 'mnist-f000-10', unit: 'finetune' },
] as const)('$unit has Jobs such as $name', ({ name, unit, ...attempt }) => {
  expect(jobNameOf('mnist', attempt)).toBe(name);
  expect(unitNameOf(attempt.stage, attempt.index)).toBe(unit);
});

it('knows stages by their labels, and nothing else', () => {
  expect(['prepare', 'distill', 'finetune', 'Distill', '', undefined].map(stageOfLabel)).toEqual([
    'Prepare',
    'Distill',
    'Finetune',
    undefined,
    undefined,
    undefined,
  ]);
});

import { expect, it } from 'vitest';
import { aPlan } from '../../operator/decide/builders.ts';
import { validationTable } from './validation-table.ts';

it.each([
  { classes: 10, outputShape: [10], expected: '10 classes' },
  { classes: null, outputShape: [10], expected: 'no labels: judged by agreement with the teacher' },
  {
    classes: null,
    outputShape: [64, 64, 3],
    expected: "no labels: judged by imitation of the teacher's output",
  },
])('says how students will be judged: $expected', ({ classes, outputShape, expected }) => {
  const cost = { parameters: 10_000, macs: 100_000 };
  const lines = validationTable({
    teacher: { cost, inputShape: [8, 8, 1], outputShape },
    blocks: aPlan().blocks,
    kept: [],
    samples: { train: 100, validation: 10, test: 20 },
    classes,
    student: { cost },
    warnings: ['Slow.'],
  });
  expect(lines.at(-1)).toBe('Warning   Slow.');
  expect(lines).toContain(`Data      100 training, 10 validation, 20 test; ${expected}`);
});

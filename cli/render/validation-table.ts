import type { ValidationReport } from '../../worker/contract/validation-report.ts';
import { judgedWithoutLabels } from '../../operator/decide/judged-by.ts';
import { count, times } from './format.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

/** What `validate` found: blocks with their cost before and after, what is kept, the data. */
export function validationTable(found: ValidationReport): string[] {
  const report = printable(found);
  return [
    'Blocks',
    ...blockTable(report),
    ...keptTable(report),
    '',
    'Whole network',
    ...networkTable(report),
    '',
    ...dataLines(report),
    ...report.warnings.map((warning) => `Warning   ${warning}`),
  ];
}

function blockTable({ blocks }: ValidationReport): string[] {
  const header = ['block', 'input', 'output', 'parameters', '->', '', 'multiplications', '->', ''];
  const rows = blocks.map(({ name, inputShape, outputShape, teacher, replacement }) => [
    name,
    inputShape.join('x'),
    outputShape.join('x'),
    count(teacher.parameters),
    count(replacement.parameters),
    ratio(teacher.parameters, replacement.parameters),
    count(teacher.macs),
    count(replacement.macs),
    ratio(teacher.macs, replacement.macs),
  ]);
  return table([header, ...rows], { indent: '  ', right: [3, 4, 5, 6, 7, 8] });
}

function keptTable({ kept }: ValidationReport): string[] {
  if (kept.length === 0) return [];
  const rows = kept.map(({ name, reason }) => [name, reason]);
  return ['', "Kept as the teacher's", ...table(rows, { indent: '  ' })];
}

function networkTable({ teacher, student }: ValidationReport): string[] {
  const rows = (['parameters', 'macs'] as const).map((figure) => [
    figure === 'macs' ? 'multiplications a sample' : figure,
    count(teacher.cost[figure]),
    count(student.cost[figure]),
    `${ratio(teacher.cost[figure], student.cost[figure])} fewer when every block is replaced`,
  ]);
  return table([['', 'teacher', 'student', ''], ...rows], { indent: '  ', right: [1, 2] });
}

function dataLines(report: ValidationReport): string[] {
  const { samples, classes, testReason, blocks, teacher } = report;
  const macs = blocks.map(({ replacement }) => replacement.macs);
  const ceiling = macs.reduce((total, each) => total + each, 0) / Math.max(1, ...macs);
  const test =
    samples.test === null ? `no test data (${testReason ?? 'none given'})` : `${samples.test} test`;
  const kinds = judgedWithoutLabels(classes, teacher.outputShape) ?? `${classes} classes`;
  return [
    `Data      ${samples.train} training, ${samples.validation} validation, ${test}; ${kinds}`,
    `Ceiling   ${times(ceiling)}: more than ${Math.ceil(ceiling)} workers can't help (by multiplications; prepare measures it)`,
  ];
}

function ratio(before: number, after: number): string {
  return after === 0 ? '' : times(before / after);
}

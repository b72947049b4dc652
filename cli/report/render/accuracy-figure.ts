import { axisX, dot, gridX, ruleX, ruleY } from '@observablehq/plot';
import { measureNames } from '../../../operator/decide/judged-by.ts';
import { percent, points } from '../../render/format.ts';
import type { AccuracyRow } from '../report-schema.ts';
import { dataTable, valueOrReason } from './data-table.ts';
import { html, type Html } from './html.ts';
import { pairLegend } from './pair-legend.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';

const names = {
  Teacher: 'teacher',
  Stitched: 'stitched',
  Recalibrated: 'recalibrated',
  Finetuned: 'fine-tuned',
} as const;

type Measured = NonNullable<AccuracyRow['test']>;

interface Mark {
  readonly stage: string;
  readonly split: 'validation' | 'test';
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The accuracy of the teacher and of each stage, with the interval that the number of samples leaves open. */
export function accuracySection(rows: readonly AccuracyRow[]): Html {
  const marks = rows.flatMap(marksOf);
  const measured = rows.flatMap(({ test, validation }) => [test ?? validation ?? []].flat());
  if (marks.length === 0) return html`<p class="reason">Unknown: no accuracy has been measured.</p>`;
  return html`<figure>
    <figcaption>
      ${measureNames[measured.at(-1)?.measure ?? 'Top1'].title}; lines span two standard errors each way. The
      stage that is kept is chosen on the validation split.
    </figcaption>
    ${pairLegend('validation', 'test')} ${bothSizes((frame) => draw(marks, rows, frame))}
    ${accuracyTable(rows)}
  </figure>`;
}

function marksOf({ stage, validation, test }: AccuracyRow): Mark[] {
  const mark = (split: Mark['split'], figure: Measured | null): Mark[] =>
    figure === null
      ? []
      : [
          {
            stage: names[stage],
            split,
            value: 100 * figure.value,
            low: 100 * Math.max(0, figure.value - 2 * figure.standardError),
            high: 100 * Math.min(1, figure.value + 2 * figure.standardError),
          },
        ];
  return [...mark('validation', validation), ...mark('test', test)];
}

function draw(marks: readonly Mark[], rows: readonly AccuracyRow[], frame: Frame): Html {
  const [low, high] = [
    Math.min(...marks.map((mark) => mark.low)),
    Math.max(...marks.map((mark) => mark.high)),
  ];
  const room = Math.max(0.2, (high - low) * 0.06);
  const of = (split: Mark['split']): Mark[] => marks.filter((mark) => mark.split === split);
  const spans = (split: Mark['split'], dy: number, stroke: string) =>
    ruleY(of(split), { y: 'stage', x1: 'low', x2: 'high', stroke, strokeWidth: 2, dy });
  return picture(
    {
      id: `accuracy-${frame.suffix}`,
      title: 'Accuracy by stage',
      description: marks
        .map(({ stage, split, value }) => `${stage}, ${split}: ${value.toFixed(2)}%`)
        .join('; '),
    },
    {
      width: frame.width,
      height: 44 * rows.length + 40,
      marginLeft: 100,
      marginRight: 20,
      marginBottom: 34,
      x: { domain: [Math.max(0, low - room), Math.min(100, high + room)], label: null },
      y: { domain: rows.map(({ stage }) => names[stage]), label: null, tickSize: 0 },
      marks: [
        gridX({ stroke: colour('line'), strokeOpacity: 1, ticks: frame.narrow ? 4 : 8 }),
        axisX({ ticks: frame.narrow ? 4 : 8, tickFormat: (value: number) => `${value}%` }),
        ruleX(
          of('test')
            .slice(0, 1)
            .filter(({ stage }) => stage === 'teacher'),
          { x: 'value', stroke: colour('after'), strokeDasharray: '4 4' },
        ),
        spans('validation', -8, colour('before')),
        spans('test', 8, colour('after')),
        dot(of('validation'), {
          x: 'value',
          y: 'stage',
          dy: -8,
          r: 5,
          fill: colour('page'),
          stroke: colour('before'),
          strokeWidth: 2,
        }),
        dot(of('test'), { x: 'value', y: 'stage', dy: 8, r: 6, symbol: 'diamond', fill: colour('after') }),
      ],
    },
  );
}

function accuracyTable(rows: readonly AccuracyRow[]): Html {
  const teacher = rows.find(({ stage }) => stage === 'Teacher');
  const split = (key: 'validation' | 'test') => ({
    name: key,
    number: true,
    cell: (row: AccuracyRow) => valueOrReason(text(row[key], teacher?.[key] ?? null), row.unknown[key]),
  });
  return dataTable({
    caption: 'The accuracy of each stage in figures',
    rows,
    columns: [
      { name: 'stage', cell: ({ stage, chosen }) => html`${names[stage]}${chosen ? ' (kept)' : ''}` },
      split('validation'),
      split('test'),
    ],
  });
}

function text(own: Measured | null, teacher: Measured | null): string | null {
  if (own === null) return null;
  const comparable = own !== teacher && own.measure === 'Top1' && teacher?.measure === 'Top1';
  const drop = comparable ? ` (${points(own.value - teacher.value)})` : '';
  return `${percent(own.value)}${drop}, n = ${own.samples}, s.e. ${percent(own.standardError)}`;
}

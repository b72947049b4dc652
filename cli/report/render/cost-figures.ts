import { axisX, dot, gridX, link } from '@observablehq/plot';
import { count, figure, times } from '../../render/format.ts';
import type { Report } from '../report-schema.ts';
import { blockColumn } from './block-column.ts';
import { dataTable, valueOrReason, type Column } from './data-table.ts';
import { html, type Html } from './html.ts';
import { pairLegend } from './pair-legend.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';
import { shortened } from './short-names.ts';
import { logTicks } from './value-ticks.ts';

type Block = Report['blocks'][number];

interface Pair {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** What each block cost and costs now: from the teacher's layers to the replacement. */
export function costSection({ blocks, teacher, student }: Report): Html {
  const pairs = (key: 'parameters' | 'macs'): Pair[] =>
    blocks.flatMap(({ name, teacherCost, replacementCost }) =>
      teacherCost === null || replacementCost === null
        ? []
        : [{ name, before: teacherCost[key], after: replacementCost[key] }],
    );
  const drawable = pairs('macs').length > 0;
  const missing = blocks.find(({ state, teacherCost }) => state !== 'Kept' && teacherCost === null);
  return html`${networkTable(teacher, student)}
    ${
      drawable
        ? html`${pairLegend("teacher's layers", 'replacement')}
            <div class="pair">
              ${pairFigure('Weights a block', 'parameters', pairs('parameters'))}${pairFigure('Multiplications a sample and block', 'macs', pairs('macs'))}
            </div>`
        : html`<p class="reason">
            The cost of single blocks is unknown: ${missing?.unknown['teacherCost'] ?? 'there are no blocks'}
          </p>`
    }
    ${dataTable({
      caption: 'Size, multiplications and times, a block at a time',
      rows: blocks,
      dense: true,
      columns: [
        { name: 'block', cell: ({ name }) => name },
        blockColumn('input', 'inputShape', (shape) => shape.join('x')),
        blockColumn('output', 'outputShape', (shape) => shape.join('x')),
        changeColumn('weights', 'parameters'),
        changeColumn('multiplications', 'macs'),
        latencyColumn,
        blockColumn('batch', 'latencyBatchSize', String, true),
        blockColumn('training step', 'stepSeconds', (seconds) => inMilliseconds(1000 * seconds), true),
        blockColumn(
          'teacher up to its end',
          'prefixSeconds',
          (seconds) => inMilliseconds(1000 * seconds),
          true,
        ),
      ],
    })}
    <p class="muted">
      Latency is that of a block alone, on the device that trained it: those of all blocks don't add up to
      that of the network. A training step and the teacher's pass up to a block's end were timed by prepare, a
      batch each.
    </p>`;
}

function changeColumn(name: string, key: 'parameters' | 'macs'): Column<Block> {
  return {
    name,
    number: true,
    unknown: ({ teacherCost, unknown }) => (teacherCost === null ? unknown['teacherCost'] : undefined),
    cell: ({ teacherCost, replacementCost }) => {
      const [before, after] = [teacherCost?.[key] ?? 0, replacementCost?.[key] ?? 0];
      return `${count(before)} to ${count(after)}${after > 0 ? ` (${times(before / after)})` : ''}`;
    },
  };
}

const latencyColumn: Column<Block> = {
  name: 'latency a batch',
  number: true,
  unknown: ({ teacherLatency, unknown }) => (teacherLatency === null ? unknown['teacherLatency'] : undefined),
  cell: ({ teacherLatency, replacementLatency }) => {
    const [before, after] = [teacherLatency ?? 0, replacementLatency ?? 0];
    // No median of a few runs has more digits that mean anything.
    const short = (milliseconds: number): number => Number(milliseconds.toPrecision(3));
    return `${figure(short(before))} to ${inMilliseconds(short(after))}${after > 0 ? ` (${times(before / after)})` : ''}`;
  },
};

function inMilliseconds(value: number): string {
  return `${figure(value)} ms`;
}

function pairFigure(title: string, key: string, pairs: readonly Pair[]): Html {
  return html`<figure>
    <h3>${title}</h3>
    ${bothSizes((frame) => drawPairs({ title, key, pairs }, frame), 524)}
  </figure>`;
}

function drawPairs(
  { title, key, pairs }: { title: string; key: string; pairs: readonly Pair[] },
  frame: Frame,
): Html {
  const longest = Math.max(...pairs.map(({ name }) => name.length));
  const marginLeft = Math.min(frame.narrow ? 130 : 190, 16 + longest * 7.2);
  const letters = Math.floor((marginLeft - 12) / 7.2);
  const all = pairs.flatMap(({ before, after }) => [before, after]).filter((value) => value > 0);
  const names = pairs.map(({ name }) => name);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  // Small blocks beside large ones need a logarithmic scale; else lengths should be in proportion.
  const log = most > 20 * least;
  const ticks = log ? logTicks([least, most], 4) : frame.narrow ? 3 : 5;
  return picture(
    {
      id: `${key}-${frame.suffix}`,
      title,
      description: pairs
        .map(({ name, before, after }) => `${name}: ${count(before)} to ${count(after)}`)
        .join('; '),
    },
    {
      width: frame.width,
      height: 20 * pairs.length + 36,
      marginLeft,
      marginRight: 16,
      marginTop: 6,
      marginBottom: 28,
      x: {
        type: log ? 'log' : 'linear',
        domain: log ? [least * 0.8, most * 1.25] : [0, most * 1.05],
        label: null,
      },
      y: { domain: names, label: null, tickSize: 0, tickFormat: (name: string) => shortened(name, letters) },
      marks: [
        gridX({ stroke: colour('line'), strokeOpacity: 1, ticks }),
        axisX({ ticks, tickFormat: roundCount, tickSize: 3 }),
        link(pairs, {
          x1: 'before',
          x2: 'after',
          y1: 'name',
          y2: 'name',
          stroke: colour('idle'),
          strokeWidth: 2,
        }),
        dot(pairs, {
          x: 'before',
          y: 'name',
          r: 5,
          fill: colour('page'),
          stroke: colour('before'),
          strokeWidth: 2,
        }),
        dot(pairs, { x: 'after', y: 'name', r: 6, symbol: 'diamond', fill: colour('after') }),
      ],
    },
  );
}

/** `20M` for 20.0M. */
function roundCount(value: number): string {
  return count(value).replace(/\.0+(?=[kMGT])/, '');
}

function networkTable(teacher: Report['teacher'], student: Report['student']): Html {
  const noStudent = student === null ? 'There is no student yet.' : 'The status does not say.';
  const row = (
    name: string,
    values: readonly [number | undefined, number | undefined],
    show: (value: number) => string,
  ) => ({
    name,
    cells: values.map((value) => valueOrReason(value === undefined ? null : show(value), noStudent)),
    ratio:
      values[0] === undefined || values[1] === undefined || values[1] === 0
        ? ''
        : times(values[0] / values[1]),
  });
  const rows = [
    row('weights', [teacher?.parameters, student?.parameters], count),
    row('multiplications a sample', [teacher?.macs, student?.macs], count),
    ...(teacher?.latency ?? []).map(({ batchSize, milliseconds, repeats }) =>
      row(
        `latency, batch ${batchSize} (median of ${repeats})`,
        [milliseconds, student?.latency?.find((each) => each.batchSize === batchSize)?.milliseconds],
        inMilliseconds,
      ),
    ),
  ];
  return dataTable({
    caption: 'The whole network, before and after',
    rows,
    columns: [
      { name: 'figure', cell: ({ name }) => name },
      { name: 'teacher', number: true, cell: ({ cells }) => cells[0] ?? '' },
      { name: 'student', number: true, cell: ({ cells }) => cells[1] ?? '' },
      { name: 'teacher / student', number: true, cell: ({ ratio }) => ratio },
    ],
  });
}

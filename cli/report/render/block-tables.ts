import { duration, figure, percent, points, seconds } from '../../render/format.ts';
import type { Report } from '../report-schema.ts';
import { energyUnits } from '../energy-text.ts';
import { blockColumn } from './block-column.ts';
import { dataTable } from './data-table.ts';
import { html, type Html } from './html.ts';

type Block = Report['blocks'][number];

/** How each block was trained, what became of it, and where and when it ran. */
export function blockTables(blocks: readonly Block[], origin: string | undefined): Html {
  const start = origin === undefined ? undefined : Date.parse(origin);
  const numbered = blocks.map((block, index) => ({ ...block, title: `#${index + 1} ${block.name}` }));
  const heading = { name: 'block', cell: ({ title }: (typeof numbered)[number]) => title };
  return html`${dataTable({
    caption: 'What became of each block',
    rows: numbered,
    dense: true,
    columns: [
      heading,
      { name: 'state', cell: ({ state }) => state.toLowerCase() },
      blockColumn('replaced', 'replaced', (value) => (value ? 'yes' : 'no')),
      blockColumn('unexplained variance', 'unexplainedVariance', (value) => percent(value, 1), true),
      blockColumn('score when swapped alone', 'score', scoreText, true),
      blockColumn('score drop', 'scoreDrop', (value) => points(value).replace('+', ''), true),
      { name: 'layers', cell: ({ layers }) => layers },
      { name: 'why', long: true, cell: ({ verdict }) => verdict ?? '' },
    ],
  })}
  ${dataTable({
    caption: 'How each block was trained',
    rows: numbered,
    dense: true,
    columns: [
      heading,
      blockColumn('trainings', 'trainings', String, true),
      blockColumn('epochs', 'epochs', String, true),
      blockColumn('stopped', 'stopReason', String),
      blockColumn('loss', 'loss', figure, true),
      blockColumn('raw loss', 'rawLoss', figure, true),
      blockColumn('activations from', 'activations', String),
      blockColumn('images/s', 'imagesPerSecond', (value) => value.toFixed(0), true),
      blockColumn('peak memory', 'peakHostMemoryBytes', mebibytes, true),
      blockColumn('peak GPU memory', 'peakMemoryBytes', mebibytes, true),
    ],
  })}
  ${dataTable({
    caption: 'Where and when each block ran, and what it used',
    rows: numbered,
    dense: true,
    columns: [
      heading,
      blockColumn('unit', 'unit', String),
      blockColumn('waited', 'waitedSeconds', seconds, true),
      blockColumn('start', 'startTime', (time) => since(time, start), true),
      blockColumn('end', 'completionTime', (time) => since(time, start), true),
      blockColumn('training', 'seconds', seconds, true),
      blockColumn('attempts', 'attempts', String, true),
      blockColumn('interrupted', 'interrupted', String, true),
      blockColumn('energy', 'joules', energyUnits, true),
      blockColumn('method', 'energyMethod', String),
      blockColumn('node', 'node', String),
      blockColumn('device', 'device', String),
    ],
  })}`;
}

function mebibytes(value: number): string {
  return `${(value / 2 ** 20).toFixed(0)} MiB`;
}

function since(time: string, origin: number | undefined): string {
  return origin === undefined ? time : duration((Date.parse(time) - origin) / 1000);
}

function scoreText({ value, samples, standardError }: NonNullable<Block['score']>): string {
  return `${percent(value)}, n = ${samples}, s.e. ${percent(standardError)}`;
}

import { axisX, barX, gridX, rect, text, type Markish } from '@observablehq/plot';
import { duration, percent, seconds } from '../../render/format.ts';
import type { Report } from '../report-schema.ts';
import type { Segment, Timeline } from '../schema/timeline.ts';
import { dataTable } from './data-table.ts';
import { fillOf, fills, legend } from './fills.ts';
import { html, type Html } from './html.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';
import { shortened, shortNames } from './short-names.ts';
import { timeTicks } from './time-ticks.ts';

/** Pixels that a letter of a label takes, roughly. */
const letterWidth = 6.2;
/** Letters that the name of a row has room for. */
const longestLabel = 38;

export function timelineFigure(timeline: Timeline, blocks: Report['blocks']): Html {
  const kinds = timeline.secondsByKind.map(({ kind }) => kind);
  const names: Names = {
    numbers: new Map(blocks.map(({ name }, index) => [name, index + 1])),
    short: shortNames(blocks.filter(({ state }) => state !== 'Kept').map(({ name }) => name)),
  };
  return html`<figure>
    <figcaption>
      One row for each worker; time runs to the right, in ${timeUnit(timeline.seconds)}.
      ${basisText(timeline)}
      ${timeline.suspensions.length === 0 ? undefined : 'While the job was suspended, or nobody ran it, a pale field with a broken edge lies over all rows.'}
    </figcaption>
    ${legend(kinds)} ${bothSizes((frame) => drawTimeline(timeline, names, frame))}
    <details>
      <summary>The timeline as a table</summary>
      ${segmentTable(timeline)}
    </details>
  </figure>`;
}

function basisText({ basis }: Timeline): string {
  return basis === 'Attempts'
    ? 'The parts of a bar are drawn by their seconds, one after another; in truth teacher passes and training alternate.'
    : "Drawn from the status alone: a bar goes from a block's first start to its end, whatever lay between.";
}

function timeUnit(length: number): string {
  return length >= 3600 ? 'hours:minutes:seconds' : 'minutes:seconds';
}

interface Names {
  /** Of each block, as in the tables. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly short: ReadonlyMap<string, string>;
}

function drawTimeline(timeline: Timeline, names: Names, frame: Frame): Html {
  const marginLeft = frame.narrow
    ? 18
    : 24 + 7.2 * Math.min(longestLabel, Math.max(...timeline.lanes.map(({ label }) => label.length)));
  const inner = frame.width - marginLeft - 16;
  const perSecond = inner / Math.max(timeline.seconds, 1e-9);
  const rowHeight = frame.narrow ? 46 : 34;
  const labels = timeline.segments.flatMap((segment) => {
    const shown = labelOf(segment, names, (segment.end - segment.start) * perSecond);
    return shown === undefined ? [] : [{ ...segment, shown }];
  });
  const lanes = timeline.lanes.map((_, lane) => lane);
  return picture(
    { id: `timeline-${frame.suffix}`, title: 'Timeline of the job', description: describe(timeline) },
    {
      width: frame.width,
      height: lanes.length * rowHeight + (frame.narrow ? 40 : 34),
      marginLeft,
      marginRight: 16,
      marginTop: frame.narrow ? 10 : 4,
      marginBottom: 28,
      x: { domain: [0, timeline.seconds], label: null },
      y: { domain: lanes, label: null, padding: frame.narrow ? 0.42 : 0.18, axis: null },
      marks: [
        gridX(timeTicks(timeline.seconds, frame.narrow ? 4 : 9), {
          stroke: colour('line'),
          strokeOpacity: 1,
        }),
        axisX(timeTicks(timeline.seconds, frame.narrow ? 4 : 9), {
          tickFormat: (at: number) => duration(at),
          label: null,
        }),
        barX(timeline.segments, {
          x1: 'start',
          x2: 'end',
          y: 'lane',
          fill: (segment: Segment) => fillOf(segment.kind),
          stroke: (segment: Segment) => colour(fills[segment.kind].colour),
          title: titleOf,
        }),
        // Over what it interrupts.
        rect(timeline.suspensions, {
          x1: 'start',
          x2: 'end',
          fill: colour('page'),
          fillOpacity: 0.7,
          stroke: colour('text'),
          strokeDasharray: '3 3',
          title: () => 'suspended',
        }),
        text(labels, {
          x: ({ start, end }: Segment) => (start + end) / 2,
          y: 'lane',
          text: 'shown',
          fill: colour('on-fill'),
          fontSize: 11,
        }),
        ...laneLabels(timeline, frame),
      ],
      color: { type: 'identity' },
    },
  );
}

function laneLabels({ lanes }: Timeline, frame: Frame): Markish[] {
  const rows = lanes.map(({ label }, lane) => ({
    label: shortened(label, frame.narrow ? 48 : longestLabel),
    lane,
  }));
  return [
    text(rows, {
      y: 'lane',
      text: 'label',
      frameAnchor: 'left',
      textAnchor: frame.narrow ? 'start' : 'end',
      dx: -8,
      dy: frame.narrow ? -20 : 0,
      fill: 'currentColor',
    }),
  ];
}

/** A name where it fits into its bar, a block's number where that fits, nothing elsewhere. */
function labelOf(segment: Segment, { numbers, short }: Names, width: number): string | undefined {
  const fits = (label: string): boolean => label.length * letterWidth + 6 <= width;
  const candidates =
    segment.kind === 'Training' || segment.kind === 'Running'
      ? [
          segment.blocks.join(', '),
          segment.blocks.map((name) => short.get(name) ?? name).join(', '),
          ...segment.blocks.slice(0, 1).map((name) => `#${numbers.get(name) ?? '?'}`),
        ]
      : segment.kind === 'Prepare' || segment.kind === 'Baseline' || segment.kind === 'Finetune'
        ? [fills[segment.kind].name]
        : [];
  return candidates.find((label) => label !== '' && fits(label));
}

function titleOf({ kind, blocks, attempt, note, start, end }: Segment): string {
  return [
    `${fills[kind].name}${blocks.length === 0 ? '' : `: ${blocks.join(', ')}`}`,
    `${duration(start)} to ${duration(end)} (${seconds(end - start)})${attempt === null ? '' : `, attempt ${attempt}`}`,
    ...(note === null ? [] : [note]),
  ].join('\n');
}

function describe(timeline: Timeline): string {
  const total = timeline.secondsByKind.reduce((sum, { seconds: own }) => sum + own, 0);
  const parts = timeline.secondsByKind.map(
    ({ kind, seconds: own }) => `${fills[kind].name} ${percent(own / total, 0)}`,
  );
  return `${timeline.lanes.length} rows over ${seconds(timeline.seconds)}. Of all device time: ${parts.join('; ')}.`;
}

function segmentTable({ segments, lanes }: Timeline): Html {
  return dataTable({
    caption: 'What ran when, by row',
    rows: segments.toSorted((a, b) => a.lane - b.lane || a.start - b.start),
    columns: [
      { name: 'row', cell: ({ lane }) => lanes[lane]?.label ?? '' },
      { name: 'what', cell: ({ kind }) => fills[kind].name },
      { name: 'blocks', cell: ({ blocks }) => blocks.join(', ') },
      { name: 'from', number: true, cell: ({ start }) => duration(start) },
      { name: 'to', number: true, cell: ({ end }) => duration(end) },
      { name: 'seconds', number: true, cell: ({ start, end }) => (end - start).toFixed(1) },
      { name: 'attempt', number: true, cell: ({ attempt }) => attempt?.toString() ?? '' },
      { name: 'note', cell: ({ note }) => note ?? '' },
    ],
  });
}

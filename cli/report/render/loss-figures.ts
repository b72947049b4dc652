import { axisX, axisY, gridY, line, dot, type Markish } from '@observablehq/plot';
import { figure, percent } from '../../render/format.ts';
import type { Report } from '../report-schema.ts';
import { dataTable, valueOrReason } from './data-table.ts';
import { html, type Html } from './html.ts';
import { colour } from './palette.ts';
import { picture } from './plot.ts';
import { logTicks } from './value-ticks.ts';

type Block = Report['blocks'][number];
type Trained = Block & { readonly history: NonNullable<Block['history']> };

interface Point {
  readonly epoch: number;
  readonly loss: number;
}

/** A small picture a block, all on one scale so that they can be compared; the figures are in the table of training. */
export function lossFigures(blocks: readonly Block[]): Html {
  const trained = blocks.filter((block): block is Trained => (block.history?.length ?? 0) > 0);
  const losses = trained.flatMap(({ history }) => [
    ...points(history, 'loss'),
    ...points(history, 'validationLoss'),
  ]);
  const [first] = trained;
  if (first === undefined || losses.length === 0) {
    const reason =
      blocks.find(({ state }) => state !== 'Kept')?.unknown['history'] ?? 'No block has been trained.';
    return html`<p class="reason">Unknown: ${reason}</p>`;
  }
  const range = [
    Math.min(...losses.map(({ loss }) => loss)),
    Math.max(...losses.map(({ loss }) => loss)),
  ] as const;
  return html`<ul class="legend">
      <li>
        <svg width="30" height="10" aria-hidden="true">
          <line x1="0" x2="30" y1="5" y2="5" stroke="${colour('after')}" stroke-width="2" /></svg
        >training
      </li>
      <li>
        <svg width="30" height="10" aria-hidden="true">
          <line
            x1="0"
            x2="30"
            y1="5"
            y2="5"
            stroke="${colour('before')}"
            stroke-width="2"
            stroke-dasharray="5 3"
          /></svg
        >validation
      </li>
    </ul>
    <div class="small">${trained.map((block) => lossFigure(block, blocks.indexOf(block), range))}</div>
    <details>
      <summary>The losses as a table</summary>
      ${lossTable(trained)}
    </details>`;
}

function lossFigure(block: Trained, index: number, range: readonly [number, number]): Html {
  const [training, validation] = [points(block.history, 'loss'), points(block.history, 'validationLoss')];
  const log = range[0] > 0 && range[1] / range[0] > 10;
  const ticks = log ? logTicks(range, 4) : 3;
  const last = block.history.at(-1);
  const description = `${block.history.length} epochs. Training loss ends at ${shown(last?.loss)}, validation loss at ${shown(last?.validationLoss)}.`;
  const curve = (data: Point[], stroke: string, dashes: string): Markish[] => [
    line(data, { x: 'epoch', y: 'loss', stroke, strokeWidth: 2, strokeDasharray: dashes }),
    ...(data.length === 1 ? [dot(data, { x: 'epoch', y: 'loss', fill: stroke, r: 3 })] : []),
  ];
  const epochs = block.history.length;
  return html`<figure>
    <figcaption>#${index + 1} ${block.name}</figcaption>
    ${picture(
      { id: `loss-${index}`, title: `Loss of block ${block.name}`, description },
      {
        width: 220,
        height: 130,
        marginLeft: 42,
        marginRight: 8,
        marginTop: 6,
        marginBottom: 24,
        x: { domain: [1, Math.max(2, epochs)], label: null },
        y: {
          type: log ? 'log' : 'linear',
          domain: log ? [...range] : [Math.min(0, range[0]), range[1]],
          label: null,
        },
        marks: [
          gridY({ ticks, stroke: colour('line'), strokeOpacity: 1 }),
          axisY({ ticks, tickSize: 0, tickFormat: (value: number) => String(Number(value.toPrecision(2))) }),
          axisX(
            [1, Math.ceil((1 + epochs) / 2), epochs].filter((each, at, all) => all.indexOf(each) === at),
            { tickFormat: String, tickSize: 3 },
          ),
          ...curve(training, colour('after'), 'none'),
          ...curve(validation, colour('before'), '5 3'),
        ],
      },
    )}
  </figure>`;
}

/** What was not finite is left out, and so is 0 on a scale that has none. */
function points(history: Trained['history'], key: 'loss' | 'validationLoss'): Point[] {
  return history.flatMap((epoch, index) => {
    const loss = epoch[key];
    return loss === null || loss <= 0 ? [] : [{ epoch: index + 1, loss }];
  });
}

function shown(loss: number | null | undefined): string {
  return loss === null || loss === undefined ? 'no finite value' : figure(loss);
}

function lossTable(blocks: readonly Trained[]): Html {
  const rows = blocks.flatMap(({ name, history }) =>
    history.map((epoch, index) => ({ name, number: index + 1, ...epoch })),
  );
  const cell = (loss: number | null): Html =>
    valueOrReason(loss === null ? null : figure(loss), 'It was not finite.');
  return dataTable({
    caption: 'Mean loss of each epoch',
    rows,
    columns: [
      { name: 'block', cell: ({ name }) => name },
      { name: 'epoch', number: true, cell: ({ number }) => String(number) },
      { name: 'training', number: true, cell: ({ loss }) => cell(loss) },
      { name: 'validation', number: true, cell: ({ validationLoss }) => cell(validationLoss) },
    ],
  });
}

/** How fine-tuning went, an epoch a row. */
export function finetuningTable(history: Report['finetuning'], reason: string | undefined): Html {
  if (history === null) return html`<p class="reason">Unknown: ${reason ?? 'no reason is given'}</p>`;
  if (history.length === 0) return html`<p>There was no fine-tuning.</p>`;
  return dataTable({
    caption: 'Epochs of fine-tuning',
    rows: history.map((epoch, index) => ({ number: index + 1, ...epoch })),
    columns: [
      { name: 'epoch', number: true, cell: ({ number }) => String(number) },
      {
        name: 'training loss',
        number: true,
        cell: ({ loss }) => valueOrReason(loss === null ? null : figure(loss), 'It was not finite.'),
      },
      {
        name: 'validation accuracy',
        number: true,
        cell: ({ validationAccuracy }) =>
          valueOrReason(
            validationAccuracy === null ? null : percent(validationAccuracy),
            'It was not measured.',
          ),
      },
    ],
  });
}

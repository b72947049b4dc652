import { percent, seconds } from '../../render/format.ts';
import type { Fact, Report } from '../report-schema.ts';
import type { SegmentKind } from '../schema/timeline.ts';
import { accuracySection } from './accuracy-figure.ts';
import { blockTables } from './block-tables.ts';
import { costSection } from './cost-figures.ts';
import { dataTable, valueOrReason } from './data-table.ts';
import { energySection } from './energy-figure.ts';
import { patterns } from './fills.ts';
import { html, Html } from './html.ts';
import { finetuningTable, lossFigures } from './loss-figures.ts';
import { speedupSection } from './speedup-figure.ts';
import { styles } from './styles.ts';
import { timeShares } from './time-shares.ts';
import { timelineFigure } from './timeline-figure.ts';

/** The report as one HTML file, which loads nothing and runs nothing: its policy would not let it. */
export function renderPage(report: Report): string {
  const { job, phase } = report;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="color-scheme" content="light dark" />
        <title>${job.name}: distillation report</title>
        <style>
          ${new Html(styles)}
        </style>
      </head>
      <body>
        ${patterns()}
        <header>
          <h1>${job.name}</h1>
          <p><strong>${phase}.</strong> ${report.outcome}</p>
          <p class="muted">Distillation report; namespace ${job.namespace}; as of ${moment(report.asOf)}</p>
          ${headline(report)} ${warnings(report)}
          <nav aria-label="Sections">
            <ul>
              ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${sections.map(
            ({ id, title, render }) =>
              html`<section id="${id}" aria-labelledby="${id}-heading">
                <h2 id="${id}-heading">${title}</h2>
                ${render(report)}
              </section>`,
          )}
        </main>
        <footer>
          Made by Blockstill on ${moment(report.generated)}.
          ${report.sources.files ? "From the status and the job's files." : `From the status alone. ${report.sources.reason ?? ''}`}
        </footer>
      </body>
    </html> `;
  return page.text;
}

interface Section {
  readonly id: string;
  readonly title: string;
  render(report: Report): Html;
}

const sections: readonly Section[] = [
  { id: 'time', title: 'Where the time went', render: timeSection },
  { id: 'energy', title: 'Where the energy went', render: energySection },
  {
    id: 'speedup',
    title: 'Speedup',
    render: ({ speedup, unknown }) => speedupSection(speedup, unknown['speedup']),
  },
  { id: 'accuracy', title: 'Accuracy by stage', render: ({ accuracy }) => accuracySection(accuracy) },
  { id: 'cost', title: 'Size, multiplications and latency', render: costSection },
  {
    id: 'losses',
    title: 'Loss curves',
    render: ({ blocks, finetuning, unknown }) =>
      html`<p>
          The loss of each replacement against the teacher's activation, by epoch. All blocks have one scale.
        </p>
        ${lossFigures(blocks)}
        <h3>Fine-tuning</h3>
        ${finetuningTable(finetuning, unknown['finetuning'])}`,
  },
  { id: 'blocks', title: 'Blocks', render: ({ blocks, timeline }) => blockTables(blocks, timeline?.origin) },
  { id: 'facts', title: 'All figures of the run', render: ({ facts }) => factTables(facts) },
];

function moment(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function headline({ headline: cards }: Report): Html {
  return html`<dl class="cards" aria-label="The figures in short">
    ${cards.map(
      ({ name, value, detail }) =>
        html`<div class="card">
          <dt>${name}</dt>
          <dd>
            <strong class="${value === null ? 'unknown' : ''}">${value ?? 'unknown'}</strong
            ><small>${detail}</small>
          </dd>
        </div>`,
    )}
  </dl>`;
}

function warnings({ warnings: all }: Report): Html | undefined {
  if (all.length === 0) return undefined;
  return html`<section class="warnings" aria-labelledby="warnings-heading">
    <h2 id="warnings-heading">Bear in mind</h2>
    <ul>
      ${all.map(({ text }) => html`<li>${text}</li>`)}
    </ul>
  </section>`;
}

function timeSection({ timeline, stages, blocks, unknown }: Report): Html {
  const stageTable = dataTable({
    caption: 'Wall-clock time of each stage',
    rows: stages,
    columns: [
      { name: 'stage', cell: ({ stage }) => stage.toLowerCase() },
      {
        name: 'time',
        number: true,
        cell: (row) =>
          valueOrReason(row.seconds === null ? null : seconds(row.seconds), row.unknown['seconds']),
      },
      {
        name: 'attempts',
        number: true,
        cell: (row) => valueOrReason(row.attempts?.toString(), row.unknown['attempts']),
      },
    ],
  });
  if (timeline === null)
    return html`<p class="reason">Unknown: ${unknown['timeline'] ?? ''}</p>
      ${stageTable}`;
  return html`<p>${inWords(timeline)}</p>
    ${timelineFigure(timeline, blocks)}${timeShares(timeline)}${stageTable}`;
}

const besideTraining: ReadonlySet<SegmentKind> = new Set(['Prepare', 'Baseline', 'Finetune', 'Idle']);

function inWords({ secondsByKind, seconds: length, segments }: NonNullable<Report['timeline']>): string {
  const total = secondsByKind.reduce((sum, each) => sum + each.seconds, 0);
  const of = (kind: string): number => secondsByKind.find((each) => each.kind === kind)?.seconds ?? 0;
  const [training, idle] = [of('Training'), of('Idle')];
  const trained = segments.filter(({ kind }) => !besideTraining.has(kind));
  const workers = new Set((trained.length === 0 ? segments : trained).map(({ lane }) => lane)).size;
  const rows = workers === 1 ? 'one worker' : `${workers} workers`;
  const start = `From the first start to the last end it took ${seconds(length)} on ${rows}`;
  return training === 0
    ? `${start}.`
    : `${start}; ${percent(training / total, 0)} of the device time went into training the blocks, and devices stood idle for ${percent(idle / total, 0)} of it.`;
}

function factTables(facts: readonly Fact[]): Html {
  return html`${[...Map.groupBy(facts, ({ group }) => group)].map(
    ([group, rows]) =>
      html`<h3>${group}</h3>
        ${dataTable({
          caption: `${group}: all figures`,
          rows,
          columns: [
            { name: 'figure', cell: ({ name }) => name },
            {
              name: 'value',
              cell: ({ value, reason }) =>
                html`<span class="${isLong(value) ? 'digest' : ''}">${valueOrReason(value, reason)}</span>`,
            },
          ],
        })}`,
  )}`;
}

function isLong(value: string | null): boolean {
  return value !== null && /^(sha256:|file:|s3:)/.test(value);
}

import { axisX, barX, gridX, text } from '@observablehq/plot';
import { savingSentences, whyNoSaving } from '../../render/energy-saving.ts';
import { energyUnits, shortEnergy } from '../energy-text.ts';
import type { Report } from '../report-schema.ts';
import { dataTable, valueOrReason } from './data-table.ts';
import { html, type Html } from './html.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';
import { shortened } from './short-names.ts';

type Energy = NonNullable<Report['energy']>;

interface Amount {
  readonly name: string;
  /** Null: unknown, and a table says why. */
  readonly joules: number | null;
}

/** Joules by accounting, by device and by block; each that is unknown with its reason. */
export function energySection(report: Report): Html {
  const { energy, blocks } = report;
  const { byDevice = [] } = energy ?? {};
  const accounts = accountings(energy);
  const devices = byDevice.map(({ device, joules = null }) => ({ name: device, joules }));
  return html`${summary(report)}
  ${amountFigure({ title: 'Energy by accounting', key: 'accounting', amounts: accounts })}
  ${amountFigure({ title: 'Energy by device, while units ran on it', key: 'device', amounts: devices }, deviceTable(byDevice))}
  ${amountFigure({ title: 'Energy by block', key: 'block', amounts: blocks })}`;
}

function summary({ energy, baseline, unknown }: Pick<Report, 'energy' | 'baseline' | 'unknown'>): Html {
  if (energy?.joules === undefined) {
    const reason = energy?.reason ?? unknown['energy'] ?? 'no reason is given';
    return html`<p class="reason">Unknown: ${reason}</p>`;
  }
  const coverage = energy.coverage === undefined ? '' : `, counting ${energy.coverage.join(', ')}`;
  const saving = savingSentences({ energy });
  // Where a baseline tells nothing, the reason is the answer.
  const remark = saving === undefined && baseline !== null ? undefined : energy.reason;
  return html`<p>
      The job used ${energyUnits(energy.joules)} in all its stages together${coverage}, while units ran on the
      devices.
    </p>
    <p>${saving ?? whyNoSaving({ energy, baseline })}</p>
    ${remark === undefined ? undefined : html`<p class="muted">${remark}</p>`}`;
}

function accountings(energy: Energy | null): Amount[] {
  return [
    { name: 'devices while used', joules: energy?.usedDevices },
    { name: 'devices reserved, idle', joules: energy?.idleReservedJoules },
    { name: 'whole nodes, dedicated', joules: energy?.dedicatedNode },
  ].flatMap(({ name, joules }) => (joules === undefined ? [] : [{ name, joules }]));
}

interface AmountFigure {
  readonly title: string;
  readonly key: string;
  readonly amounts: readonly Amount[];
}

function amountFigure(
  { title, key, amounts }: AmountFigure,
  table = amountTable(title, key, amounts),
): Html | undefined {
  if (amounts.every(({ joules }) => joules === null)) return undefined;
  return html`<figure>
    <h3>${title}</h3>
    ${bothSizes((frame) => drawAmounts({ title, key, amounts }, frame), 860)} ${table}
  </figure>`;
}

function amountTable(title: string, key: string, amounts: readonly Amount[]): Html {
  return html`<details>
    <summary>${title} as a table</summary>
    ${dataTable({
      caption: title,
      rows: amounts,
      columns: [
        { name: key, cell: ({ name }) => name },
        { name: 'energy', number: true, cell: ({ joules }) => shown(joules) },
      ],
    })}
  </details>`;
}

function drawAmounts({ title, key, amounts }: AmountFigure, frame: Frame): Html {
  const most = Math.max(...amounts.map(({ joules }) => joules ?? 0), 1);
  const marginLeft = frame.narrow
    ? 18
    : Math.min(380, 16 + 7.2 * Math.max(...amounts.map(({ name }) => name.length)));
  return picture(
    {
      id: `energy-${key}-${frame.suffix}`,
      title,
      description: amounts.map(({ name, joules }) => `${name}: ${shown(joules)}`).join('; '),
    },
    {
      width: frame.width,
      height: (frame.narrow ? 42 : 24) * amounts.length + 34,
      marginLeft,
      marginRight: frame.narrow ? 16 : 150,
      marginTop: frame.narrow ? 14 : 4,
      marginBottom: 26,
      x: { domain: [0, most], label: null },
      y: {
        domain: amounts.map(({ name }) => name),
        label: null,
        tickSize: 0,
        padding: frame.narrow ? 0.5 : 0.25,
        ...(frame.narrow ? { axis: null } : {}),
      },
      marks: [
        gridX({ stroke: colour('line'), strokeOpacity: 1, ticks: 4 }),
        axisX({ ticks: frame.narrow ? 3 : 5, tickFormat: short }),
        barX(amounts, { x: 'joules', y: 'name', fill: colour('after') }),
        ...(frame.narrow
          ? [
              text(amounts, {
                x: () => 0,
                y: 'name',
                text: ({ name, joules }: Amount) => `${shortened(name, 34)}: ${short(joules)}`,
                textAnchor: 'start',
                dy: -18,
              }),
            ]
          : [
              text(amounts, {
                x: ({ joules }: Amount) => joules ?? 0,
                y: 'name',
                text: ({ joules }: Amount) => shown(joules),
                textAnchor: 'start',
                dx: 6,
              }),
            ]),
      ],
    },
  );
}

function shown(joules: number | null): string {
  return joules === null ? 'unknown' : energyUnits(joules);
}

function short(joules: number | null): string {
  return joules === null ? 'unknown' : shortEnergy(joules);
}

function deviceTable(devices: NonNullable<Energy['byDevice']>): Html {
  return dataTable({
    caption: 'Each device, and why it has no figure',
    rows: devices,
    columns: [
      { name: 'device', cell: ({ device }) => device },
      { name: 'model', cell: ({ model }) => model ?? '' },
      {
        name: 'energy',
        number: true,
        cell: ({ joules, reason }) =>
          valueOrReason(joules === undefined ? null : energyUnits(joules), reason),
      },
      {
        name: 'bear in mind',
        cell: ({ joules, reason }) => (joules === undefined ? '' : (reason ?? '')),
      },
    ],
  });
}

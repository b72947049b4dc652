import { barX, text } from '@observablehq/plot';
import { percent, seconds } from '../../render/format.ts';
import type { SegmentKind, Timeline } from '../schema/timeline.ts';
import { dataTable } from './data-table.ts';
import { fillOf, fills } from './fills.ts';
import { html, type Html } from './html.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';

/** Where the device time went, as one bar of shares with its table. */
export function timeShares({ secondsByKind }: Timeline): Html {
  const total = secondsByKind.reduce((sum, { seconds: own }) => sum + own, 0);
  let at = 0;
  const shares = secondsByKind.map(({ kind, seconds: own }) => {
    const share = { kind, seconds: own, from: at, to: at + own / total };
    at = share.to;
    return share;
  });
  return html`<figure>
    <figcaption>All device time, from the first start to the last end, by what it was spent on.</figcaption>
    ${bothSizes((frame) => drawShares(shares, frame))}
    ${dataTable({
      caption: 'Where the device time went',
      rows: shares,
      columns: [
        { name: 'what', cell: ({ kind }) => fills[kind].name },
        { name: 'device time', number: true, cell: (share) => seconds(share.seconds) },
        { name: 'share', number: true, cell: ({ from, to }) => percent(to - from, 1) },
      ],
    })}
  </figure>`;
}

interface Share {
  readonly kind: SegmentKind;
  readonly from: number;
  readonly to: number;
}

function drawShares(shares: readonly Share[], frame: Frame): Html {
  const label = ({ kind, from, to }: Share): string =>
    `${fills[kind].name.split(' ')[0]} ${percent(to - from, 0)}`;
  const fits = (share: Share): boolean =>
    label(share).length * 7 + 10 <= (share.to - share.from) * frame.width && !('marks' in fills[share.kind]);
  return picture(
    {
      id: `shares-${frame.suffix}`,
      title: 'Shares of the device time',
      description: shares
        .map(({ kind, from, to }) => `${fills[kind].name}: ${percent(to - from, 1)}`)
        .join('; '),
    },
    {
      width: frame.width,
      height: 44,
      margin: 2,
      x: { domain: [0, 1], axis: null },
      y: { axis: null, domain: [0] },
      marks: [
        barX(shares, {
          x1: 'from',
          x2: 'to',
          y: () => 0,
          fill: ({ kind }: Share) => fillOf(kind),
          stroke: ({ kind }: Share) => colour(fills[kind].colour),
          title: ({ kind, from, to }: Share) => `${fills[kind].name}: ${percent(to - from, 1)}`,
        }),
        text(shares.filter(fits), {
          x: ({ from, to }: Share) => (from + to) / 2,
          y: () => 0,
          text: label,
          fill: colour('on-fill'),
          fontSize: 12,
        }),
      ],
    },
  );
}

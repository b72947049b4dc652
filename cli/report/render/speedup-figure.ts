import { axisX, axisY, dot, gridY, line, ruleY, text } from '@observablehq/plot';
import { percent, seconds, times } from '../../render/format.ts';
import type { Report } from '../report-schema.ts';
import { html, type Html } from './html.ts';
import { colour } from './palette.ts';
import { bothSizes, picture, type Frame } from './plot.ts';

interface Known {
  readonly value: number;
  readonly workers: number;
  readonly ceiling: number;
  readonly basis: string;
}

/** The speedup against the ideal (as many times faster as there are workers) and the ceiling of this plan. */
export function speedupSection(speedup: Report['speedup'], reason: string | undefined): Html {
  const { value, workers, ceiling, basis, balance, workInflation, serialSeconds, parallelSeconds } =
    speedup ?? {};
  if (value === undefined || workers === undefined || ceiling === undefined) {
    return html`<p class="reason">
      Unknown:
      ${speedup?.reason ?? reason ?? 'no reason is given'}${ceiling === undefined ? '' : ` The ceiling is ${times(ceiling)}.`}
    </p>`;
  }
  const how = basis === 'Measured' ? 'measured' : 'estimated';
  const known = { value, workers, ceiling, basis: how };
  const identity =
    workInflation === undefined || balance === undefined
      ? undefined
      : `${workers} workers x balance ${percent(balance, 1)} / work inflation ${workInflation} = ${times((workers * balance) / workInflation)}`;
  const compared =
    serialSeconds === undefined || parallelSeconds === undefined
      ? ''
      : ` One device would ${basis === 'Measured' ? 'take' : 'have taken about'} ${seconds(serialSeconds)}; ${workers} took ${seconds(parallelSeconds)}.`;
  return html`<p>
      Training the blocks was ${times(value)} faster with ${workers} ${workers === 1 ? 'worker' : 'workers'}
      (${how}): ${percent(value / workers, 0)} of the ideal.${compared} However many there are, this plan
      can't be more than ${times(ceiling)} faster, because its longest unit can't be divided.
    </p>
    ${identity === undefined ? undefined : html`<p>${identity}</p>`}
    <figure>${bothSizes((frame) => draw(known, frame), 640)}</figure>`;
}

function draw({ value, workers, ceiling, basis }: Known, frame: Frame): Html {
  // As far as the ceiling, unless that would leave this job in a corner.
  const most = Math.ceil(Math.max(2, workers * 1.5, Math.min(ceiling * 1.15, workers * 5)));
  const top = Math.min(ceiling, most);
  const ideal = [
    { workers: 0, speedup: 0 },
    { workers: top, speedup: top },
    { workers: most, speedup: top },
  ];
  const own = [{ workers, speedup: value }];
  const high = Math.max(top, value) * 1.18;
  const bound = ceiling <= most;
  return picture(
    {
      id: `speedup-${frame.suffix}`,
      title: 'Speedup against ideal and ceiling',
      description: `With ${workers} workers the speedup is ${times(value)} (${basis}); ideal would be ${times(Math.min(workers, ceiling))}; the ceiling of this plan is ${times(ceiling)}.`,
    },
    {
      width: frame.width,
      height: 260,
      marginLeft: 44,
      marginRight: 20,
      marginTop: 14,
      marginBottom: 42,
      x: { domain: [0, most], label: null },
      y: { domain: [0, high], label: null },
      marks: [
        gridY({ stroke: colour('line'), strokeOpacity: 1, ticks: 5 }),
        axisX({
          ticks: Math.min(most, frame.narrow ? 6 : 12),
          tickFormat: (at: number) => (Number.isInteger(at) ? String(at) : ''),
          label: 'workers',
          labelAnchor: 'center',
          labelArrow: 'none',
        }),
        axisY({ ticks: 5, tickFormat: (at: number) => `${at}x`, tickSize: 0 }),
        ...(bound
          ? [ruleY([ceiling], { stroke: colour('killed'), strokeDasharray: '6 4', strokeWidth: 2 })]
          : []),
        line(ideal, { x: 'workers', y: 'speedup', stroke: colour('idle'), strokeWidth: 2 }),
        dot(own, {
          x: 'workers',
          y: 'speedup',
          r: 7,
          symbol: 'diamond',
          fill: colour('after'),
          stroke: colour('page'),
        }),
        text([{ workers: top * 0.42, speedup: top * 0.42 }], {
          x: 'workers',
          y: 'speedup',
          text: () => 'ideal',
          dx: -8,
          dy: -8,
          textAnchor: 'end',
          fill: colour('muted'),
        }),
        ...(bound
          ? [
              text([ceiling], {
                x: () => 0,
                y: (at: number) => at,
                text: () => `ceiling ${times(ceiling)}`,
                dx: 6,
                dy: -9,
                textAnchor: 'start',
                fill: colour('killed'),
              }),
            ]
          : []),
        text(own, {
          x: 'workers',
          y: 'speedup',
          text: () => `this job: ${times(value)}`,
          dx: 12,
          dy: 14,
          textAnchor: 'start',
          fill: 'currentColor',
          fontWeight: 600,
          stroke: colour('page'),
          strokeWidth: 4,
        }),
      ],
    },
  );
}

import type { SegmentKind } from '../schema/timeline.ts';
import { html, type Html } from './html.ts';
import { colour, type Colour } from './palette.ts';

interface Fill {
  readonly name: string;
  readonly colour: Colour;
  /** A path in a tile of 8 by 8 that tells it from others without colour; none: plain. */
  readonly marks?: string;
  /** Whether only the marks have colour. */
  readonly hollow?: boolean;
}

/** How each kind of work looks and what it is called. */
export const fills = {
  Prepare: { name: 'prepare', colour: 'prepare' },
  Baseline: { name: 'serial run to measure against', colour: 'baseline' },
  StartUp: { name: 'start-up: process, TensorFlow, graph', colour: 'startup', marks: 'M0 2H8M0 6H8' },
  Teacher: {
    name: 'teacher prefix, loading, evaluation',
    colour: 'teacher',
    marks: 'M-2 2L2 -2M0 8L8 0M6 10L10 6',
  },
  Training: { name: 'training a block', colour: 'training' },
  Other: { name: 'start-up and teacher prefix', colour: 'teacher', marks: 'M0 4H8M4 0V8' },
  Running: { name: 'running now', colour: 'running', marks: 'M2 0V8M6 0V8' },
  Killed: { name: 'attempt that ended without a result', colour: 'killed', marks: 'M0 0L8 8M8 0L0 8' },
  Finetune: { name: 'finetune', colour: 'finetune' },
  Idle: {
    name: 'device idle, waiting for the last unit',
    colour: 'idle',
    marks: 'M-2 2L2 -2M0 8L8 0M6 10L10 6',
    hollow: true,
  },
} as const satisfies Record<SegmentKind, Fill>;

/** The value of `fill` for a kind. */
export function fillOf(kind: SegmentKind): string {
  const fill: Fill = fills[kind];
  return fill.marks === undefined ? colour(fill.colour) : `url(#fill-${kind})`;
}

/** The patterns that all pictures of the page share. */
export function patterns(): Html {
  const entries = Object.entries(fills) as [SegmentKind, Fill][];
  return html`<svg width="0" height="0" style="position:absolute" aria-hidden="true" focusable="false">
    <defs>${entries.flatMap(([kind, fill]) => (fill.marks === undefined ? [] : [pattern(kind, fill)]))}</defs>
  </svg>`;
}

function pattern(kind: SegmentKind, { colour: name, marks, hollow = false }: Fill): Html {
  const [ground, ink] = hollow ? [colour('page'), colour(name)] : [colour(name), colour('page')];
  return html`<pattern id="fill-${kind}" width="8" height="8" patternUnits="userSpaceOnUse">
    <rect width="8" height="8" fill="${ground}" />
    <path d="${marks}" stroke="${ink}" stroke-width="1" stroke-opacity="${hollow ? 0.7 : 0.5}" fill="none" />
  </pattern>`;
}

/** The names of the kinds that are in a picture, each with a swatch. */
export function legend(kinds: readonly SegmentKind[]): Html {
  return html`<ul class="legend">
    ${kinds.map(
      (kind) =>
        html`<li>
          <svg width="22" height="14" aria-hidden="true">
            <rect
              x="0.5"
              y="0.5"
              width="21"
              height="13"
              fill="${fillOf(kind)}"
              stroke="${colour(fills[kind].colour)}"
            />
          </svg>
          ${fills[kind].name}
        </li>`,
    )}
  </ul>`;
}

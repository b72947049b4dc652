import { plot, type PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html } from './html.ts';

/** What the plotting library draws into: there is no browser here. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

export interface PictureName {
  /** Unique in the page. */
  readonly id: string;
  /** What a screen reader calls it. */
  readonly title: string;
  /** What can be read off it, in sentences. */
  readonly description: string;
}

/** An SVG with a name and a description; what it shows must also be in a table beside it. */
export function picture({ id, title, description }: PictureName, options: PlotOptions): Html {
  const drawn = plot({
    document,
    className: 'plot',
    style: { fontSize: '12px', background: 'none' },
    ...options,
  });
  const svg = drawn as unknown as SvgElement;
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${id}-title`);
  svg.setAttribute('aria-describedby', `${id}-text`);
  // Parts of an image have no names of their own.
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  svg.prepend(texts('title', `${id}-title`, title), texts('desc', `${id}-text`, description));
  return new Html(svg.toString());
}

interface SvgElement {
  querySelectorAll(selector: string): Iterable<{ removeAttribute(name: string): void }>;
  setAttribute(name: string, value: string): void;
  prepend(...nodes: unknown[]): void;
  toString(): string;
}

function texts(tag: 'title' | 'desc', id: string, text: string): unknown {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  element.setAttribute('id', id);
  element.textContent = text;
  return element;
}

/** The two sizes that a picture is drawn in, so that its letters stay legible: for wide windows and paper, and for phones. */
export interface Frame {
  readonly width: number;
  readonly narrow: boolean;
  /** Appended to ids. */
  readonly suffix: string;
}

const frames = {
  wide: { width: 1080, narrow: false, suffix: 'wide' },
  narrow: { width: 362, narrow: true, suffix: 'narrow' },
} as const satisfies Record<string, Frame>;

/** A picture in both sizes, of which the style sheet shows one. */
export function bothSizes(draw: (frame: Frame) => Html, wideWidth: number = frames.wide.width): Html {
  const wide = draw({ ...frames.wide, width: wideWidth });
  return new Html(
    `<div class="wide">${wide.text}</div><div class="narrow">${draw(frames.narrow).text}</div>`,
  );
}

import { html, type Html } from './html.ts';
import { colour } from './palette.ts';

/** What the ring and the diamond of a figure stand for. */
export function pairLegend(ring: string, diamond: string): Html {
  return html`<ul class="legend">
    <li>
      <svg width="14" height="14" aria-hidden="true">
        <circle
          cx="7"
          cy="7"
          r="5"
          fill="${colour('page')}"
          stroke="${colour('before')}"
          stroke-width="2"
        /></svg
      >${ring}
    </li>
    <li>
      <svg width="14" height="14" aria-hidden="true">
        <path d="M7 0L14 7L7 14L0 7Z" fill="${colour('after')}" /></svg
      >${diamond}
    </li>
  </ul>`;
}

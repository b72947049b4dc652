/**
 * The colours of the page by their CSS name. Text needs a contrast of 4.5 with what it stands on, and what is drawn one of
 * 3 (WCAG 2.2, 1.4.3 and 1.4.11): a test computes them.
 */
export const palettes = {
  light: {
    page: '#ffffff',
    panel: '#f4f6f8',
    line: '#c9d1d9',
    text: '#1b1f24',
    muted: '#55606c',
    link: '#0b57d0',
    alert: '#7a4b00',
    'alert-panel': '#fff6e0',
    prepare: '#7a3fc4',
    baseline: '#8a5a10',
    startup: '#6e7781',
    teacher: '#b25a00',
    training: '#1558b0',
    running: '#1a7f8e',
    killed: '#c01f3a',
    finetune: '#1d7a3a',
    idle: '#7d8590',
    'on-fill': '#ffffff',
    before: '#b25a00',
    after: '#1558b0',
  },
  dark: {
    page: '#0f1318',
    panel: '#1a2027',
    line: '#3b444e',
    text: '#e8edf2',
    muted: '#a4afba',
    link: '#8ab4f8',
    alert: '#f2c66b',
    'alert-panel': '#2c2410',
    prepare: '#c39bf5',
    baseline: '#d8b45a',
    startup: '#9aa4ae',
    teacher: '#f0a24b',
    training: '#6fb1ff',
    running: '#5cc8d7',
    killed: '#ff8a98',
    finetune: '#6bd08a',
    idle: '#8a949e',
    'on-fill': '#0f1318',
    before: '#f0a24b',
    after: '#6fb1ff',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type Colour = keyof (typeof palettes)['light'];

/** A colour for an SVG attribute: that of the scheme which the reader has. */
export function colour(name: Colour): string {
  return `var(--${name})`;
}

/** The CSS variables of one scheme. */
export function variables(scheme: keyof typeof palettes): string {
  return Object.entries(palettes[scheme])
    .map(([name, value]) => `--${name}:${value};`)
    .join('');
}

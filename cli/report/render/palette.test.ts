import { describe, expect, test } from 'vitest';
import { palettes, type Colour } from './palette.ts';

/** WCAG 2.2: relative luminance, then (lighter + 0.05) / (darker + 0.05). */
function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

test('black on white has the highest contrast there is', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

const texts: readonly (readonly [Colour, Colour])[] = [
  ['text', 'page'],
  ['text', 'panel'],
  ['muted', 'page'],
  ['muted', 'panel'],
  ['link', 'page'],
  ['killed', 'page'],
  ['alert', 'alert-panel'],
  ['text', 'alert-panel'],
  ['on-fill', 'training'],
  ['on-fill', 'running'],
  ['on-fill', 'prepare'],
  ['on-fill', 'baseline'],
  ['on-fill', 'finetune'],
];
const drawn = [
  'prepare',
  'baseline',
  'startup',
  'teacher',
  'training',
  'running',
  'killed',
  'finetune',
  'idle',
  'before',
  'after',
] as const;

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const palette = palettes[scheme];

  test.each(texts)('%s can be read on %s', (ink, ground) => {
    expect(contrast(palette[ink], palette[ground])).toBeGreaterThanOrEqual(4.5);
  });

  test.each(drawn)('%s can be seen on the page', (name) => {
    expect(contrast(palette[name], palette.page)).toBeGreaterThanOrEqual(3);
  });
});

import { expect, it } from 'vitest';
import { fitBytes } from './fit-bytes.ts';

it.each([
  ['short', 5, 'short'],
  ['longer', 5, 'lo…'],
  // Two bytes each: the cut at the fourth byte is inside the second.
  ['öööö', 7, 'öö…'],
  ['öööö', 6, 'ö…'],
  ['öööö', 8, 'öööö'],
])('"%s" in %i bytes is "%s"', (text, bytes, expected) => {
  expect(fitBytes(text, bytes)).toBe(expected);
});

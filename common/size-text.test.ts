import { expect, test } from 'vitest';
import { sizeText } from './size-text.ts';

test.each([
  [400_000, '0.4 MB'],
  [2_340_000, '2.3 MB'],
  [16_000_000, '16 MB'],
  [1_500_000_000, '1.5 GB'],
])('%d bytes are told as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

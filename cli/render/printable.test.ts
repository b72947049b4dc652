import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test.each([
  ['a title', '\u001b]0;owned\u0007', '\\x1b]0;owned\\x07'],
  ['a sequence that begins with one character', '\u009b2J', '\\x9b2J'],
  ['a line that is written over', 'failed\rcomplete', 'failed\\x0dcomplete'],
  ['text from right to left', 'conv\u202e1_', 'conv\\u202e1_'],
  ['rubbed out characters', 'a\u007f\u0008', 'a\\x7f\\x08'],
  ['nothing of the kind', 'Größe 32×32\n\tμ 😀', 'Größe 32×32\n\tμ 😀'],
])('%s is shown, not obeyed', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('texts in lists and objects are written out, whatever else is in them stays', () => {
  const at = new Date(0);
  const map = new Map([['a', '\u001b']]);
  expect(
    printable({ list: ['\u001b[2J', 1, null], inner: { name: '\u0000' }, at, map, none: undefined }),
  ).toEqual({
    list: ['\\x1b[2J', 1, null],
    inner: { name: '\\x00' },
    at,
    map,
    none: undefined,
  });
});

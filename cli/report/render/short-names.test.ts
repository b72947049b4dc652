import { expect, test } from 'vitest';
import { shortened, shortNames } from './short-names.ts';

test.each([
  { names: ['conv2_block1_2_conv', 'conv3_block2_2_conv'], short: ['conv2_block1', 'conv3_block2'] },
  { names: ['block1_conv1', 'block1_conv2'], short: ['block1_conv1', 'block1_conv2'] },
  { names: ['a_conv', 'conv'], short: ['a_conv', 'conv'] },
  { names: ['only_conv'], short: ['only_conv'] },
  { names: [], short: [] },
])('$names lose what they all end in', ({ names, short }) => {
  expect([...shortNames(names).values()]).toEqual(short);
});

test('a name that is too long keeps its start and its end', () => {
  expect(shortened('abcdefghij', 7)).toBe('abc\u2026hij');
  expect(shortened('abc', 7)).toBe('abc');
});

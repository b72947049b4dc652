import { expect, test } from 'vitest';
import { chartReadme, chartValues } from './chart-readme.ts';

const text = `# About the file.

# A plain value.
plain: 3
group:
  # The first of a group.
  first: ''
  # The second,
  # in two lines | with a bar.
  second: [1]
# A map that is one value.
whole:
  deep: { a: 1 }
# A switch of its own.
switch:
  enabled: false
  # What belongs to it.
  labels: {}
`;

test('each value has its path, its default and the comment above it', () => {
  expect(chartValues(text)).toEqual([
    { path: 'plain', defaultValue: 3, description: 'A plain value.' },
    { path: 'group.first', defaultValue: '', description: 'The first of a group.' },
    { path: 'group.second', defaultValue: [1], description: 'The second, in two lines | with a bar.' },
    { path: 'whole', defaultValue: { deep: { a: 1 } }, description: 'A map that is one value.' },
    { path: 'switch.enabled', defaultValue: false, description: 'A switch of its own.' },
    { path: 'switch.labels', defaultValue: {}, description: 'What belongs to it.' },
  ]);
});

test('a value without a comment is an error that names it', () => {
  expect(() => chartValues('# Said.\na: 1\nb: 2\ngroup:\n  # Said.\n  c: 3\n  d: 4\n')).toThrow(
    'No comment in values.yaml says what these are for: b, group.d.',
  );
});

test('the table has a row a value, and a bar in a comment does not end a cell', () => {
  const rows = chartReadme(text)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(6);
  expect(rows[2]).toBe('| `group.second` | `[1]` | The second, in two lines \\| with a bar. |');
});

import { expect, test } from 'vitest';
import { noted } from './noted.ts';

test('what is unknown is null with its reason, and what is known has none, be it 0 or empty', () => {
  const figures = noted<{ joules: number; seconds: number; name: string; watts: number }>({
    joules: [undefined, 'no meter'],
    seconds: [0, 'not started'],
    name: ['', 'nameless'],
    watts: [null, 'no sensor'],
  });
  expect(figures).toEqual({
    joules: null,
    seconds: 0,
    name: '',
    watts: null,
    unknown: { joules: 'no meter', watts: 'no sensor' },
  });
});

import { expect, test } from 'vitest';
import { disturbances, possibleWith } from './disturbances.ts';

test('a leader is paused until another one leads only where there are several', () => {
  const pause = 'leader paused until another operator leads';
  const names = (operators: number) => possibleWith(operators).map(({ name }) => name);
  expect(names(1)).not.toContain(pause);
  expect(names(1)).toHaveLength(disturbances.length - 1);
  expect(names(2)).toContain(pause);
  expect(names(2)).toHaveLength(disturbances.length);
});

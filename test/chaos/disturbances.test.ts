import { expect, test } from 'vitest';
import { disturbances, possibleWith } from './disturbances.ts';

test('a pause for longer than a Lease lasts happens only where another operator can take over', () => {
  const pause = 'operator of several paused for longer than a Lease lasts';
  const names = (operators: number) => possibleWith(operators).map(({ name }) => name);
  expect(names(1)).not.toContain(pause);
  expect(names(1)).toHaveLength(disturbances.length - 1);
  expect(names(2)).toContain(pause);
  expect(names(2)).toHaveLength(disturbances.length);
});

import { expect, test } from 'vitest';
import { energyUnits } from './energy-text.ts';

test.each([
  [0, '0 J'],
  [512.4, '512 J'],
  [41_234, '41.2 kJ (0.0115 kWh)'],
  [3_600_000, '3.6 MJ (1 kWh)'],
])('%d joules are %s', (joules, text) => {
  expect(energyUnits(joules)).toBe(text);
});

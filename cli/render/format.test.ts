import { describe, expect, it } from 'vitest';
import { bar } from './bar.ts';
import { count, duration, figure, percent, points, seconds, times } from './format.ts';
import { table } from './table.ts';

describe('formats', () => {
  it.each([
    [duration(42), '0:42'],
    [duration(725), '12:05'],
    [duration(3723), '1:02:03'],
    [duration(59.6), '1:00'],
    [count(0), '0'],
    [count(812), '812'],
    [count(999.4), '999'],
    [count(999.6), '1.00k'],
    [count(12_345), '12.3k'],
    [count(1_234_567), '1.23M'],
    [count(999_600), '1.00M'],
    [percent(0.98031), '98.03%'],
    [percent(0.5, 0), '50%'],
    [percent(10), '1000.00%'],
    [percent(123.4), '>1000%'],
    [points(-0.0035), '-0.35 points'],
    [points(0.01), '+1.00 points'],
    [points(-0.00001), '0.00 points'],
    [points(0.00001), '0.00 points'],
    [times(3.4159), '3.42x'],
    [figure(0.0123456), '0.01235'],
    [seconds(0.534), '0.53 s'],
    [seconds(42.13), '42.1 s'],
    [seconds(725), '12:05 min'],
  ])('%s', (actual, expected) => {
    expect(actual).toBe(expected);
  });
});

it('fills a bar by its share and never beyond', () => {
  expect(bar(0, 12)).toBe('[----------]');
  expect(bar(0.55, 12)).toBe('[#####-----]');
  expect(bar(1.5, 12)).toBe('[##########]');
});

it('aligns columns and leaves no blanks at the end of a line', () => {
  const lines = table(
    [
      ['name', 'n', ''],
      ['a', '10', 'why'],
    ],
    { right: [1] },
  );
  expect(lines).toEqual(['name   n', 'a     10  why']);
});
